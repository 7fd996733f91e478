// SPDX-License-Identifier: Apache-2.0
// Any bytes as XML and as a reference manifest: the canonical form of what parses is its own canonical form.
#include <cstdlib>

#include "attest/evidence/nvidia_rim.h"
#include "attest/xml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  const BytesView bytes = std::as_bytes(std::span(data, size));
  const auto root = xml::parse(as_text(bytes));
  if (root) {
    const std::string canonical = xml::canonical(*root);
    const auto again = xml::parse(canonical, {.bytes = canonical.size()});
    if (!again || xml::canonical(*again) != canonical) std::abort();
  }
  const auto rim = parse_nvidia_rim(bytes);
  if (rim && (!root || rim->certificates.empty() || rim->signed_content.empty())) std::abort();
  return 0;
}
