// SPDX-License-Identifier: Apache-2.0
// Any bytes as CBOR: what is read in deterministic mode is written as it was, and is read in the other mode as well.
#include <cstdlib>

#include "base/cbor.h"
#include "crypto/cose.h"

namespace adyton {
namespace {

// Copies one item, by reading and writing every part of it.
Result<void> copy(cbor::Reader& reader, cbor::Writer& out);

Result<void> copy_map(cbor::Reader& reader, cbor::Writer& out) {
  cbor::MapWriter map;
  Result<void> result = reader.read_map([&](const cbor::Key& key) {
    const std::string name = key.to_string();
    cbor::Writer& value = name.starts_with('"') ? map.key(std::string_view(name).substr(1, name.size() - 2))
                                                : map.key(std::int64_t{std::stoll(name)});
    return copy(reader, value);
  });
  out.map(map);
  return result;
}

Result<void> copy_array(cbor::Reader& reader, cbor::Writer& out) {
  cbor::Writer items;
  std::size_t count = 0;
  Result<void> result = reader.read_array([&] {
    ++count;
    return copy(reader, items);
  });
  out.array(count).item(items.encoded());
  return result;
}

Result<void> copy(cbor::Reader& reader, cbor::Writer& out) {
  switch (ADYTON_TRY(reader.peek())) {
    case cbor::Type::kUnsigned: out.unsigned_integer(ADYTON_TRY(reader.read_unsigned())); break;
    case cbor::Type::kNegative: out.integer(ADYTON_TRY(reader.read_integer())); break;
    case cbor::Type::kBytes: out.bytes(ADYTON_TRY(reader.read_bytes())); break;
    case cbor::Type::kText: out.text(ADYTON_TRY(reader.read_text())); break;
    case cbor::Type::kArray: return copy_array(reader, out);
    case cbor::Type::kMap: return copy_map(reader, out);
    case cbor::Type::kTag: out.tag(ADYTON_TRY(reader.read_tag())).item(ADYTON_TRY(reader.read_item())); break;
    case cbor::Type::kSimple:
      if (ADYTON_TRY(reader.skip_null())) {
        out.null();
      } else {
        out.boolean(ADYTON_TRY(reader.read_boolean()));
      }
      break;
  }
  return {};
}

}  // namespace
}  // namespace adyton

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  const BytesView input = std::as_bytes(std::span(data, size));
  cbor::Reader strict(input), loose(input, {.deterministic = false});
  const auto item = strict.read_item();
  const auto same_item = loose.read_item();
  if (item && (!same_item || item->size() != same_item->size())) std::abort();

  cbor::Reader reader(input);
  cbor::Writer out;
  // (Tags that are read one by one do not count as depth.)
  if (copy(reader, out) && item && to_bytes(*item) != out.encoded()) std::abort();

  const auto message = parse_cose_sign1(input);
  if (message && input[0] == std::byte{0xd2} && encode_cose_sign1(*message) != to_bytes(input)) std::abort();
  (void)parse_cose_sign1(input, {.deterministic = false});
  return 0;
}
