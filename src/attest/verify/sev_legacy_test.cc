// SPDX-License-Identifier: Apache-2.0
// Who may sign what among the certificates of SEV before SNP.
#include "attest/verify/sev_legacy.h"

#include <gtest/gtest.h>

#include "base/cursor.h"
#include "testing/fake_pki.h"
#include "testing/fake_sev.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::fake_key;
using testing::fake_sev_authority;
using testing::fake_sev_certificate;
using testing::FakeSevSigner;
using testing::text_of;

struct Platform {
  SigningKey ark = fake_key(KeyType::kRsa, 0), ask = fake_key(KeyType::kRsa, 1), cek = fake_key(KeyType::kP384, 1),
             oca = fake_key(KeyType::kP384, 2), pek = fake_key(KeyType::kP384, 3), pdh = fake_key(KeyType::kP384, 4);
  std::vector<FakeSevSigner> of_cek = {{SevUsage::kAsk, &ask}}, of_oca = {{SevUsage::kOca, &oca}},
                             of_pek = {{SevUsage::kOca, &oca}, {SevUsage::kCek, &cek}},
                             of_pdh = {{SevUsage::kPek, &pek}};
  bool with_authorities = true, with_root_trusted = true;

  [[nodiscard]] Findings verify() const {
    Bytes all;
    append(all, fake_sev_certificate(SevUsage::kPdh, pdh, of_pdh));
    append(all, fake_sev_certificate(SevUsage::kPek, pek, of_pek));
    append(all, fake_sev_certificate(SevUsage::kOca, oca, of_oca));
    append(all, fake_sev_certificate(SevUsage::kCek, cek, of_cek));
    if (with_authorities) append(all, fake_sev_authority(SevUsage::kAsk, ask, ark));
    if (with_authorities) append(all, fake_sev_authority(SevUsage::kArk, ark, ark));
    TrustAnchors anchors;
    if (with_root_trusted) anchors.keys.push_back({AnchorUse::kAmdSevLegacy, ark.verifying_key()});
    const Collateral none;
    return verify_sev_certificates(parse_sev_certificates(all).value(), {none, anchors, testing::kFakeNow});
  }
};

TEST(SevLegacy, WholePlatform) {
  const Findings good = Platform().verify();
  EXPECT_TRUE(testing::is_genuine(good)) << text_of(good);
  Platform untrusted;
  untrusted.with_root_trusted = false;
  EXPECT_TRUE(testing::fails_only(untrusted.verify(), "ARK", Outcome::kMissing));
  Platform alone;
  alone.with_authorities = false;
  EXPECT_FALSE(testing::any(alone.verify(), Outcome::kFailed));
  EXPECT_TRUE(testing::any(alone.verify(), Outcome::kMissing));
}

// AMD's real ASK and ARK beside certificates that only vouch for themselves: each signature is good, and no one leads
// from the platform to AMD.
TEST(SevLegacy, SignaturesMustLeadToTheRoot) {
  const auto refused = [](const Platform& platform) {
    const Findings findings = platform.verify();
    EXPECT_TRUE(testing::fails_only(findings, "certificate signature", Outcome::kFailed)) << text_of(findings);
  };
  Platform own_cek;
  own_cek.of_cek = {{SevUsage::kCek, &own_cek.cek}};
  refused(own_cek);
  Platform by_pek;
  by_pek.of_cek = {{SevUsage::kPek, &by_pek.pek}};
  refused(by_pek);
  Platform owner_only;
  owner_only.of_pek = {{SevUsage::kOca, &owner_only.oca}};
  refused(owner_only);
  Platform own_pek;
  own_pek.of_pek = {{SevUsage::kPek, &own_pek.pek}};
  refused(own_pek);
  Platform own_pdh;
  own_pdh.of_pdh = {{SevUsage::kPdh, &own_pdh.pdh}};
  refused(own_pdh);
  Platform pdh_by_owner;
  pdh_by_owner.of_pdh = {{SevUsage::kOca, &pdh_by_owner.oca}};
  refused(pdh_by_owner);
  Platform two_ways;  // what is right does not make up for what is not
  two_ways.of_cek = {{SevUsage::kAsk, &two_ways.ask}, {SevUsage::kPek, &two_ways.pek}};
  refused(two_ways);
  Platform unsigned_oca;
  unsigned_oca.of_oca = {};
  refused(unsigned_oca);
  Platform wrong_key;
  const SigningKey other = fake_key(KeyType::kRsa, 2);
  wrong_key.of_cek = {{SevUsage::kAsk, &other}};
  refused(wrong_key);
}

}  // namespace
}  // namespace adyton
