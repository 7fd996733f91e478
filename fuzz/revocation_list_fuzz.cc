// SPDX-License-Identifier: Apache-2.0
// Reads any bytes as a revocation list; what was accepted is made of exactly these bytes.
#include <algorithm>

#include "crypto/x509.h"

namespace {

using namespace adyton;

void check(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input = std::as_bytes(std::span(data, size));
  const Result<RevocationList> parsed = RevocationList::parse(input);
  if (!parsed) {
    check(parsed.error().code == ErrorCode::kInvalid);
    return 0;
  }
  check(std::ranges::equal(parsed->der(), input));
  check(!parsed->issuer().der.empty());
  check(!Certificate::parse(input));
  // Look up pieces of the list itself: serials among them.
  std::size_t found = 0;
  for (std::size_t i = 0; i < input.size(); ++i) {
    if (parsed->find(input.subspan(i, std::min<std::size_t>(input.size() - i, i % 8 + 1)))) ++found;
  }
  check(found == 0 || parsed->size() > 0);
  return 0;
}
