// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/chain.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "testing/fake_pki.h"

namespace adyton {
namespace {

using testing::FakeCa;
using testing::FakeIdentity;
using testing::FakeListOptions;
using testing::FakeOptions;
using testing::kFakeDay;
using testing::kFakeNow;
using testing::oid;

constexpr std::string_view kWhat = "test chain";

// A three-link chain and everything to verify it with.
struct Fixture {
  FakeCa root = FakeCa::root("Root");
  FakeCa middle = root.issue_ca("Middle");
  FakeIdentity leaf = middle.issue("Leaf");
  Collateral collateral;
  TrustAnchors anchors;
  ChainRules rules{.use = AnchorUse::kAmd, .what = kWhat, .roles = {}};
  std::int64_t now = kFakeNow;
  Findings findings;
  bool trusted = false;

  Fixture() { trust(root); }
  void trust(const FakeCa& ca) { anchors.certificates = {{AnchorUse::kAmd, ca.certificate()}}; }

  Fixture& verify(const Certificate& certificate, const std::vector<Certificate>& pool) {
    const VerifyContext context{collateral, anchors, now};
    findings = {};
    trusted = verify_chain(certificate, pool, rules, context, findings);
    return *this;
  }
  Fixture& verify() { return verify(leaf.certificate, {middle.certificate()}); }

  [[nodiscard]] std::string all() const {
    std::string out;
    for (const Check& check : findings.checks) {
      out += std::string(1, "PFMTN"[static_cast<unsigned>(check.outcome)]) + " " + check.detail + "\n";
    }
    return out;
  }
  [[nodiscard]] int count(Outcome outcome) const {
    return static_cast<int>(std::ranges::count(findings.checks, outcome, &Check::outcome));
  }
  [[nodiscard]] bool clean() const {
    return trusted && count(Outcome::kFailed) + count(Outcome::kMissing) + count(Outcome::kOutOfTime) == 0;
  }
  // Whether exactly one check did not pass, with this outcome and text.
  [[nodiscard]] bool only(Outcome outcome, std::string_view text) const {
    int bad = 0;
    bool found = false;
    for (const Check& check : findings.checks) {
      if (check.outcome == Outcome::kPassed || check.outcome == Outcome::kNoted) continue;
      ++bad;
      found = found || (check.outcome == outcome && check.detail.find(text) != std::string::npos);
    }
    return bad == 1 && found;
  }
};

TEST(Chain, IsFoundInAnyOrderAndPlace) {
  Fixture f;
  EXPECT_TRUE(f.verify().clean()) << f.all();
  ASSERT_EQ(f.findings.chain.size(), 3U);
  EXPECT_FALSE(f.findings.chain[0].anchor);
  EXPECT_TRUE(f.findings.chain[2].anchor);
  for (const Check& check : f.findings.checks) EXPECT_EQ(check.what, kWhat);

  FakeCa lower = f.middle.issue_ca("Lower");
  const FakeIdentity leaf = lower.issue("Deep leaf");
  std::vector<Certificate> pool = {lower.certificate(), leaf.certificate, f.root.certificate(), f.middle.certificate()};
  do {
    EXPECT_TRUE(f.verify(leaf.certificate, pool).clean()) << f.all();
  } while (std::ranges::next_permutation(pool, {}, [](const Certificate& c) { return c.subject().text; }).found);

  f.collateral.add(f.middle.certificate());
  EXPECT_TRUE(f.verify(f.leaf.certificate, {}).clean()) << f.all();
}

}  // namespace
}  // namespace adyton
