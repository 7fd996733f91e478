// SPDX-License-Identifier: Apache-2.0
// Any bytes as a CCA token: what parses has all its claims, and without the platform's key it is never genuine.
#include <algorithm>
#include <cstdlib>

#include "attest/verify/cca_token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  static const Collateral collateral;
  const BytesView bytes = std::as_bytes(std::span(data, size));
  (void)looks_like_cca_token(bytes);
  const auto token = parse_cca_token(bytes);
  if (!token) return 0;
  if (token->realm.challenge.size() != 64 || token->realm.public_key.empty()) std::abort();
  const Findings findings = verify_cca_token(*token, {collateral, TrustAnchors::vendors(), 0});
  const bool passed = std::ranges::any_of(findings.checks, [](const Check& check) {
    return check.what == kCcaPlatformSignature && check.outcome == Outcome::kPassed;
  });
  if (passed) std::abort();
  return 0;
}
