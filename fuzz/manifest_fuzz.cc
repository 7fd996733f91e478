// SPDX-License-Identifier: Apache-2.0
// Any bytes as a manifest, in both of its forms: what is accepted is valid, and goes through CBOR unchanged.
#include <cstdlib>

#include "image/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  const BytesView input = std::as_bytes(std::span(data, size));
  if (const auto manifest = parse_manifest(input)) {
    if (!check_manifest(*manifest) || encode_manifest(*manifest) != to_bytes(input)) std::abort();
  }
  if (const auto manifest = parse_manifest_toml(as_text(input))) {
    if (!check_manifest(*manifest)) std::abort();
    const auto again = parse_manifest(encode_manifest(*manifest));
    if (!again || *again != *manifest) std::abort();
  }
  return 0;
}
