// SPDX-License-Identifier: Apache-2.0
// Any bytes as an attestation result: what parses is within its ranges, can be checked, and is nobody's.
#include <cstdlib>

#include "attest/verify/ear.h"
#include "attest/verify/jwt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  static const Collateral nothing;
  static const TrustAnchors anchors = [] {
    TrustAnchors out;
    out.keys.push_back(
        {AnchorUse::kAttestResult,
         VerifyingKey::parse_spki(PrivateKey::generate(KeyKind::kP256).value().public_key().der()).value()});
    return out;
  }();
  const BytesView bytes = std::as_bytes(std::span(data, size));
  const auto ear = parse_ear(bytes);
  if (ear.has_value() != (looks_like_ear(bytes) && ear.has_value())) std::abort();
  if (!ear) return 0;
  if (ear->appraisals.empty() || ear->appraisals.size() > kMaxAppraisals) std::abort();
  const Findings findings = verify_ear(*ear, {nothing, anchors, 1'750'000'000});
  for (const Check& check : findings.checks) {
    if (check.what == kTokenSignature && check.outcome == Outcome::kPassed) std::abort();
  }
  return 0;
}
