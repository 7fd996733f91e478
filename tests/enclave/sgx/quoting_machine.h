// SPDX-License-Identifier: Apache-2.0
// A machine with an emulated quoting enclave, kept nowhere, and a verifier that trusts it and nothing else.
#pragma once

#include <gtest/gtest.h>

#include "attest/verify/verified.h"
#include "emulated_instructions.h"
#include "platform/sgx_emulator/quoting_enclave.h"

namespace adyton::testing {

inline constexpr std::int64_t kNow = 1'795'000'000;

struct QuotingMachine {
  SgxFuses fuses = SgxFuses::make().value();
  std::shared_ptr<EmulatedQuotingEnclave> quoting =
      EmulatedQuotingEnclave::make(copy_of(fuses), sgx::QuotingAuthority::make(kNow).value(), kNow).value();

  [[nodiscard]] TrustAnchors anchors() const {
    return {.certificates = {{AnchorUse::kIntelSgx, quoting->root()}}, .keys = {}};
  }
  [[nodiscard]] Collateral collateral() const { return collateral_of(quoting->collateral(kNow).value()); }
  static Collateral collateral_of(const Bundle& bundle) {
    Collateral out;
    for (const auto& [name, bytes] : bundle) EXPECT_TRUE(out.add(name, bytes)) << name;
    return out;
  }
  [[nodiscard]] Verified verify(BytesView quote, std::int64_t now = kNow) const {
    const Collateral given = collateral();
    const TrustAnchors trusted = anchors();
    return adyton::verify(parse_evidence(quote).value(), {given, trusted, now});
  }
};

}  // namespace adyton::testing
