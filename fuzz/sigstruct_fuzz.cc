// SPDX-License-Identifier: Apache-2.0
// Any bytes as a SIGSTRUCT: what parses is exactly what would be made of its fields, key and signature.
#include <algorithm>
#include <cstdlib>

#include "image/sgx/sigstruct.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  const BytesView input = std::as_bytes(std::span(data, size));
  const auto parsed = parse_sigstruct(input);
  if (!parsed) return 0;
  Bytes signature = to_bytes(input.subspan(516, 384));
  std::ranges::reverse(signature);
  const auto made = make_sigstruct(parsed->fields, parsed->modulus, signature);
  if (!made || made->bytes != to_bytes(input) || made->signer != parsed->signer) std::abort();
  return 0;
}
