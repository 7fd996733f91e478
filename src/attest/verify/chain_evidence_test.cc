// SPDX-License-Identifier: Apache-2.0
// Certificates and lists of the vendors themselves, where they are at hand.
#include <algorithm>
#include <filesystem>
#include <map>

#include <gtest/gtest.h>

#include "attest/verify/chain.h"
#include "base/base64.h"
#include "testing/real_evidence.h"

namespace adyton {
namespace {

namespace fs = std::filesystem;

std::string checks_of(const Findings& findings) {
  std::string out;
  for (const Check& check : findings.checks) {
    out += std::string(1, "PFMTN"[static_cast<unsigned>(check.outcome)]) + " " + check.detail + "\n";
  }
  return out;
}

class VendorChain : public testing::RealEvidence {
 protected:
  Certificate certificate(const fs::path& path) const { return Certificate::parse(file(path)).value(); }

  struct Answer {
    bool trusted = false;
    Findings findings;
    [[nodiscard]] int count(Outcome outcome) const {
      return static_cast<int>(std::ranges::count(findings.checks, outcome, &Check::outcome));
    }
    [[nodiscard]] bool clean() const {
      return trusted && count(Outcome::kFailed) + count(Outcome::kMissing) + count(Outcome::kOutOfTime) == 0;
    }
  };
  Answer verify(const Certificate& leaf, AnchorUse use, std::int64_t now, bool needs_lists = false) const {
    const VerifyContext context{collateral_, TrustAnchors::vendors(), now};
    Answer out;
    const ChainRules rules{.use = use, .what = "chain", .roles = {}, .needs_lists = needs_lists};
    out.trusted = verify_chain(leaf, {}, rules, context, out.findings);
    return out;
  }

  Collateral collateral_;
};

constexpr std::int64_t k2023May = 1'684'000'000, k2025June = 1'750'000'000;

// Every file that is DER or PEM: what is refused is so for a reason.
TEST_F(VendorChain, EveryCertificateAndListIsRead) {
  const std::map<std::string, std::string_view> refused = {
      {"rust-sgx-tampered_root_cert.crt", "issuer"},         // damaged on purpose
      {"openenclave-sgx_cert_ec_bad.der", "too many"},       // ECDSA with NULL parameters (RFC 5758, 3.2: absent)
      {"openenclave-sgx_cert_rsa_bad.der", "not on curve"},  // in the quote within, altered on purpose
      {"steward-milan.signed.crl.csr", "two signature"},     // a certificate request
  };
  int certificates = 0, lists = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder_)) {
    if (!entry.is_regular_file()) continue;
    const Bytes bytes = testing::read_evidence(entry.path());
    std::vector<Bytes> ders;
    if (as_text(bytes).starts_with("\x30\x82")) ders.push_back(bytes);
    if (const auto blocks = parse_pem_blocks(as_text(bytes)); blocks) {
      for (const PemBlock& block : *blocks) {
        if (block.label == "CERTIFICATE" || block.label == "X509 CRL") ders.push_back(block.der);
      }
    }
    for (const Bytes& der : ders) {
      const auto parsed = Certificate::parse(der);
      certificates += parsed ? 1 : 0;
      if (parsed) continue;
      if (RevocationList::parse(der)) {
        ++lists;
        continue;
      }
      const auto found = refused.find(entry.path().filename());
      ASSERT_NE(found, refused.end()) << entry.path() << ' ' << parsed.error().message;
      EXPECT_NE(parsed.error().message.find(found->second), std::string::npos) << parsed.error().message;
    }
  }
  EXPECT_GT(certificates, 300);
  EXPECT_GT(lists, 50);
}

TEST_F(VendorChain, IntelsAuthoritiesAndLists) {
  collateral_.add("platform", file("intel-collateral/crl/pck-platform-2023-05-09-bad20b.der")).value();
  collateral_.add("root", file("intel-collateral/crl/rootca-2023-04-03-f64b58.der")).value();
  for (const auto& entry : fs::directory_iterator(folder_ / "intel-collateral/certs")) {
    const Certificate c = certificate(entry.path());
    const Answer answer = verify(c, AnchorUse::kIntelSgx, k2023May, true);
    const bool is_2025 = c.not_before() > k2023May;
    EXPECT_EQ(answer.clean(), !is_2025) << entry.path() << '\n' << checks_of(answer.findings);
    EXPECT_TRUE(answer.trusted);
    EXPECT_FALSE(verify(c, AnchorUse::kAmd, k2023May).trusted);
  }
  const Certificate middle = certificate("intel-collateral/certs/intel-sgx-pck-platform-ca-22eb770d.der");
  EXPECT_EQ(verify(middle, AnchorUse::kIntelSgx, k2025June, true).count(Outcome::kOutOfTime), 1);  // the list is old
}

TEST_F(VendorChain, IntelsListsAreSignedByWhoTheySay) {
  std::vector<Certificate> authorities;
  for (const auto& entry : fs::directory_iterator(folder_ / "intel-collateral/certs")) {
    authorities.push_back(certificate(entry.path()));
  }
  int good = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "intel-collateral/crl")) {
    const RevocationList list = RevocationList::parse(testing::read_evidence(entry.path())).value();
    const bool production = entry.path().filename().string().find("nonprod") == std::string::npos;
    const bool verified = std::ranges::any_of(authorities, [&](const Certificate& authority) {
      return authority.subject() == list.issuer() && list.verify_signature(authority.key());
    });
    EXPECT_EQ(verified, production) << entry.path();
    good += verified ? 1 : 0;
  }
  EXPECT_GT(good, 30);
}

TEST_F(VendorChain, AmdsAuthoritiesAndChips) {
  for (const char* name : {"milan", "genoa", "turin"}) {
    collateral_.add(name, file(fs::path("snp/certs") / ("ask-" + std::string(name) + ".der"))).value();
    collateral_.add(name, file(fs::path("snp/certs") / ("asvk-" + std::string(name) + ".der"))).value();
  }
  int chips = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "snp")) {
    const std::string file = entry.path().filename();
    if (file.find(".vcek") == file.npos && file.find(".vlek") == file.npos) continue;
    const Certificate chip = certificate(entry.path());
    const Answer answer = verify(chip, AnchorUse::kAmd, chip.not_before() + 1000);
    EXPECT_TRUE(answer.clean()) << entry.path() << '\n' << checks_of(answer.findings);
    EXPECT_EQ(answer.findings.chain.size(), 3U);
    ++chips;
  }
  EXPECT_GT(chips, 10);
}

// The first intermediate authority of Genoa is in AMD's list of October 2022.
TEST_F(VendorChain, AmdRevokedAnAuthority) {
  const Certificate revoked = certificate("snp/certs/ask-genoa-REVOKED-serial-0x20001.der");
  EXPECT_TRUE(verify(revoked, AnchorUse::kAmd, k2023May).clean());
  collateral_.add("list", file("snp/certs/crl-ark-genoa-2022-10-31.der")).value();
  const Answer answer = verify(revoked, AnchorUse::kAmd, revoked.not_before() + 1);
  EXPECT_EQ(answer.count(Outcome::kFailed), 1) << checks_of(answer.findings);
  EXPECT_NE(checks_of(answer.findings).find("was revoked"), std::string::npos) << checks_of(answer.findings);
  collateral_.add("list", file("snp/certs/crl-ark-milan-2022-05-09.der")).value();
  const Answer milan = verify(certificate("snp/certs/ask-milan.der"), AnchorUse::kAmd, 1'660'000'000, true);
  EXPECT_TRUE(milan.clean()) << checks_of(milan.findings);
}

TEST_F(VendorChain, NvidiasDevices) {
  int leaves = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "nvidia")) {
    if (!entry.path().string().ends_with(".certs.txt")) continue;
    const Bytes text = testing::read_evidence(entry.path());
    std::string compact;
    for (const char c : as_text(text)) {
      if (!std::isspace(static_cast<unsigned char>(c))) compact += c;
    }
    const Bytes pem = compact.starts_with("-----") ? text : parse_base64(compact).value();
    const auto added = collateral_.add("chain", pem);
    ASSERT_TRUE(added) << entry.path() << added.error().message;
    const auto blocks = parse_pem_blocks(as_text(pem)).value();
    const Certificate leaf = Certificate::parse(blocks[0].der).value();
    const Answer answer = verify(leaf, AnchorUse::kNvidiaDevice, k2025June);
    EXPECT_TRUE(answer.clean()) << entry.path() << '\n' << checks_of(answer.findings);
    ++leaves;
  }
  EXPECT_GT(leaves, 4);
}

TEST_F(VendorChain, IntelsReportSigners) {
  const Bytes text = file("sgx-epid/oasis-core-avr_certificates_urlencoded.pem");
  const auto added = collateral_.add("avr", text);  // percent-encoded, as it comes in a header
  ASSERT_TRUE(added) << added.error().message;
  ASSERT_EQ(collateral_.certificates().size(), 2U);
  const Answer answer = verify(collateral_.certificates()[0], AnchorUse::kIntelIas, k2023May);
  EXPECT_TRUE(answer.clean()) << checks_of(answer.findings);
  EXPECT_FALSE(verify(collateral_.certificates()[0], AnchorUse::kIntelSgx, k2023May).trusted);
}

// Every truncation is refused; whatever bit is flipped, what can still be read is not signed.
TEST_F(VendorChain, AlteredBytesAreNeverGenuine) {
  const auto altered = [](const Bytes& der, std::size_t step, const VerifyingKey& key, auto parse) {
    for (std::size_t i = 0; i < der.size(); ++i) EXPECT_FALSE(parse(BytesView(der).first(i))) << i;
    for (std::size_t i = 0; i < der.size(); i += step) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        Bytes flipped = der;
        flipped[i] ^= static_cast<std::byte>(1U << bit);
        const auto parsed = parse(flipped);
        if (!parsed) continue;
        EXPECT_FALSE(parsed->verify_signature(key)) << i << ' ' << bit;
      }
    }
  };
  const Certificate ark = certificate("snp/certs/ark-milan.der");
  const Certificate intel = certificate("intel-collateral/certs/intel-sgx-root-ca.der");
  altered(file("snp/certs/ask-milan.der"), 3, ark.key(), Certificate::parse);
  altered(file("snp/certs/crl-ark-milan-2022-05-09.der"), 1, ark.key(), RevocationList::parse);
  altered(file("intel-collateral/certs/intel-sgx-pck-platform-ca-22eb770d.der"), 1, intel.key(), Certificate::parse);
  altered(file("intel-collateral/crl/rootca-2023-04-03-f64b58.der"), 1, intel.key(), RevocationList::parse);
}

}  // namespace
}  // namespace adyton
