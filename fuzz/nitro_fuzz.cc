// SPDX-License-Identifier: Apache-2.0
// Any bytes as a Nitro attestation document: what parses is within its limits, and nobody vouches for it.
#include <algorithm>
#include <cstdlib>

#include "attest/verify/nitro.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  static const Collateral collateral;
  const BytesView bytes = std::as_bytes(std::span(data, size));
  (void)looks_like_nitro(bytes);
  const auto document = parse_nitro(bytes);
  if (!document) return 0;
  if (document->registers.empty() || document->registers.size() > 32 || document->bundle.empty()) std::abort();
  if (!std::ranges::is_sorted(document->registers, {}, &NitroDocument::Register::index)) std::abort();
  const Findings findings = verify_nitro(*document, {collateral, TrustAnchors::vendors(), 1'750'000'000});
  const bool refused = std::ranges::any_of(findings.checks, [](const Check& check) {
    return check.outcome != Outcome::kPassed && check.outcome != Outcome::kNoted;
  });
  if (!refused) std::abort();
  return 0;
}
