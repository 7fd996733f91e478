// SPDX-License-Identifier: Apache-2.0
// Any text as the structure of a call: what parses prints as it was.
#include <cstdlib>

#include "call/structure_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  const auto tree = parse_call_text(text);
  if (!tree) return 0;
  std::string back = tree->name + "(";
  for (std::size_t i = 0; i < tree->parameters.size(); ++i) back += (i == 0 ? "" : ", ") + text_of(tree->parameters[i]);
  back += ") -> " + text_of(tree->result);
  if (back != text) std::abort();
  return 0;
}
