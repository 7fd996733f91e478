// SPDX-License-Identifier: Apache-2.0
// Any bytes as a host's boot information: what is accepted is encoded to the same bytes.
#include <cstdlib>

#include "call/boot.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  const BytesView bytes = std::as_bytes(std::span(data, size));
  const auto info = parse_boot(bytes);
  if (info && encode_boot(*info).value() != to_bytes(bytes)) std::abort();
  return 0;
}
