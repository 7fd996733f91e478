// SPDX-License-Identifier: Apache-2.0
// Any bytes as a token of an attestation service: what parses can be checked, and is nobody's.
#include <cstdlib>

#include "attest/verify/jwt.h"
#include "attest/verify/token.h"

namespace {

using namespace adyton;

bool is_trusted(const Findings& findings) {
  for (const Check& check : findings.checks) {
    if (check.what == kTokenSignature && check.outcome == Outcome::kPassed) return true;
  }
  for (const Findings::Part& part : findings.parts) {
    if (is_trusted(part.findings)) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const VerifyingKey key =
      VerifyingKey::parse_spki(PrivateKey::generate(KeyKind::kP384).value().public_key().der()).value();
  static const Collateral collateral = [] {
    Collateral out;
    out.add_key("k", key);
    return out;
  }();
  static const TrustAnchors anchors = [] {
    TrustAnchors out = TrustAnchors::vendors();
    for (const AnchorUse use : kAllAnchorUses) out.keys.push_back({use, key, "k"});
    return out;
  }();
  const BytesView bytes = std::as_bytes(std::span(data, size));
  (void)looks_like_token(bytes);
  const auto token = parse_token(bytes);
  if (!token) return 0;
  if (is_trusted(verify_token(*token, {collateral, anchors, 1'750'000'000}))) std::abort();
  return 0;
}
