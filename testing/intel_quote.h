// SPDX-License-Identifier: Apache-2.0
// Quotes of either TEE, real and made, through their verifiers: for tests.
#pragma once

#include <gtest/gtest.h>

#include "attest/verify/sgx_quote.h"
#include "attest/verify/tdx_quote.h"
#include "testing/fake_intel.h"

namespace adyton::testing {

inline Findings verify_quote(BytesView quote, const VerifyContext& context) {
  if (looks_like_tdx_quote(quote)) {
    const auto parsed = parse_tdx_quote(quote);
    EXPECT_TRUE(parsed) << parsed.error().message;
    return parsed ? verify_tdx_quote(*parsed, context) : Findings{};
  }
  const auto parsed = parse_sgx_quote(quote);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? verify_sgx_quote(*parsed, context) : Findings{};
}

inline Findings verify_quote(BytesView quote, const Collateral& collateral, const TrustAnchors& anchors,
                             std::int64_t now = kFakeNow) {
  return verify_quote(quote, VerifyContext{collateral, anchors, now});
}

// A made quote with the collateral that belongs to it.
inline Findings verify_fake(FakeIntel& intel, const FakeQuoteOptions& quote, FakeCollateralOptions collateral = {}) {
  collateral.tdx = quote.tdx;
  return verify_quote(intel.quote(quote), intel.collateral(collateral), intel.anchors());
}

}  // namespace adyton::testing
