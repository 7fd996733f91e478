// SPDX-License-Identifier: Apache-2.0
// Reads any bytes as DER, element by element and by type; what was accepted is written again as the same bytes.
#include <adyton/der.h>

#include <algorithm>

namespace {

using namespace adyton;

void check(bool holds) {
  if (!holds) __builtin_trap();
}

void read_all(der::Reader reader, der::Writer& again, unsigned depth) {
  while (!reader.at_end()) {
    der::Reader typed = reader;  // each typed read either agrees with the element or refuses it
    static_cast<void>(typed.time("x"));
    static_cast<void>(typed.boolean("x"));
    static_cast<void>(typed.bit_string("x"));
    static_cast<void>(typed.null("x"));
    if (auto number = typed.unsigned_integer("x")) check(number->empty() || (*number)[0] != std::byte{0});
    if (auto arcs = typed.object_identifier("x")) check(!der::object_identifier_text(*arcs).empty());
    const auto element = reader.any("x");
    if (!element) {
      again.raw(reader.rest());
      return;
    }
    if ((element->tag & 0x20) != 0 && depth < 16) {
      again.nested(element->tag, [&] { read_all(der::Reader(element->contents), again, depth + 1); });
    } else {
      again.element(element->tag, element->contents);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input = std::as_bytes(std::span(data, size));
  der::Writer again;
  read_all(der::Reader(input), again, 0);
  check(std::ranges::equal(again.bytes(), input));
  return 0;
}
