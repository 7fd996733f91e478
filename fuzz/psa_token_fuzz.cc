// SPDX-License-Identifier: Apache-2.0
// Any bytes as a PSA token: what parses has all its claims, and without a key it is never genuine.
#include <algorithm>
#include <cstdlib>

#include "attest/verify/psa_token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  static const Collateral collateral;
  const BytesView bytes = std::as_bytes(std::span(data, size));
  (void)looks_like_psa_token(bytes);
  const auto token = parse_psa_token(bytes);
  if (!token) return 0;
  if (token->instance_id.size() != 33 || token->nonce.size() < 32) std::abort();
  const Findings findings = verify_psa_token(*token, {collateral, TrustAnchors::vendors(), 0});
  const bool passed = std::ranges::any_of(findings.checks, [](const Check& check) {
    return (check.what == kPsaSignature || check.what == kPsaCode) && check.outcome == Outcome::kPassed;
  });
  if (passed) std::abort();
  return 0;
}
