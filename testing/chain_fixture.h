// SPDX-License-Identifier: Apache-2.0
// A three-link chain of a fake authority and everything to verify it with: what the tests of chains start from.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "attest/verify/chain.h"
#include "testing/fake_pki.h"

namespace adyton::testing {

inline constexpr std::string_view kWhat = "test chain";

struct ChainFixture {
  FakeCa root = FakeCa::root("Root");
  FakeCa middle = root.issue_ca("Middle");
  FakeIdentity leaf = middle.issue("Leaf");
  Collateral collateral;
  TrustAnchors anchors;
  ChainRules rules{.use = AnchorUse::kAmd, .what = kWhat, .roles = {}};
  std::int64_t now = kFakeNow;
  Findings findings;
  bool trusted = false;

  ChainFixture() { trust(root); }
  void trust(const FakeCa& ca) { anchors.certificates = {{AnchorUse::kAmd, ca.certificate()}}; }

  ChainFixture& verify(const Certificate& certificate, const std::vector<Certificate>& pool) {
    const VerifyContext context{collateral, anchors, now};
    findings = {};
    trusted = verify_chain(certificate, pool, rules, context, findings);
    return *this;
  }
  ChainFixture& verify() { return verify(leaf.certificate, {middle.certificate()}); }

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

}  // namespace adyton::testing
