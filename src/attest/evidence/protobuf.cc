// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/protobuf.h"

#include "base/cursor.h"
#include "base/error.h"

namespace adyton {

Result<std::uint64_t> ProtobufReader::varint() {
  std::uint64_t out = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = std::to_integer<std::uint64_t>(TRY(take(1))[0]);
    if (shift == 63 && byte > 1) break;
    out |= (byte & 0x7f) << shift;
    if (byte < 0x80) return out;
  }
  return invalid("a protobuf number of more than 64 bits");
}

Result<BytesView> ProtobufReader::take(std::uint64_t size) {
  if (size > rest_.size()) return invalid("a protobuf field of {} bytes, where {} are left", size, rest_.size());
  const BytesView out = rest_.first(size);
  rest_ = rest_.subspan(size);
  return out;
}

Result<ProtobufField> ProtobufReader::next() {
  const std::uint64_t key = TRY(varint());
  const std::uint64_t number = key >> 3;
  if (number == 0 || number > 0x1fffffff) return invalid("protobuf field {}", number);
  ProtobufField out{.number = static_cast<std::uint32_t>(number), .value = {}, .bytes = {}};
  switch (key & 7) {
    case 0: out.value = TRY(varint()); return out;
    case 1: out.value = load_le<std::uint64_t>(TRY(take(8))); return out;
    case 2: out.bytes = TRY(take(TRY(varint()))); return out;
    case 5: out.value = load_le<std::uint32_t>(TRY(take(4))); return out;
    default: return invalid("protobuf wire type {}", key & 7);
  }
}

}  // namespace adyton
