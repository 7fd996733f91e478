// SPDX-License-Identifier: Apache-2.0
// Any bytes unwrapped: within the limits, the input first, and nothing that grows.
#include <algorithm>
#include <cstdlib>

#include "attest/evidence/wrapping.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  const BytesView bytes = std::as_bytes(std::span(data, size));
  const UnwrapLimits limits;
  const Unwrapped unwrapped = unwrap(bytes, limits);
  if (unwrapped.candidates.empty() || unwrapped.candidates.size() > limits.candidates) std::abort();
  if (!std::ranges::equal(unwrapped.candidates.front().bytes, bytes)) std::abort();
  if (!unwrapped.candidates.front().trail.empty()) std::abort();
  for (std::size_t i = 1; i < unwrapped.candidates.size(); ++i) {
    const auto& candidate = unwrapped.candidates[i];
    // JSON written anew may be longer than it stood: escapes and numbers have several forms.
    if (candidate.trail.empty() || candidate.bytes.empty() || candidate.bytes.size() > 8 * size + 64) std::abort();
  }
  return 0;
}
