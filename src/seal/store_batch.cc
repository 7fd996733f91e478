// SPDX-License-Identifier: Apache-2.0
#include "seal/store_batch.h"

#include "base/cursor.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::uint8_t kPut = 1;
constexpr std::uint8_t kErase = 2;

void append_key(Bytes& out, std::uint8_t kind, std::string_view key) {
  append_le(out, kind);
  append_le(out, static_cast<std::uint16_t>(key.size()));
  append(out, as_bytes(key));
}

}  // namespace

void append_put(Bytes& out, std::string_view key, BytesView value) {
  append_key(out, kPut, key);
  append_le(out, static_cast<std::uint32_t>(value.size()));
  append(out, value);
}

void append_erase(Bytes& out, std::string_view key) { append_key(out, kErase, key); }

Result<StoreChange> StoreBatchReader::next() {
  Cursor cursor(rest_);
  const auto kind = TRY(cursor.read_le<std::uint8_t>());
  if (kind != kPut && kind != kErase) return invalid("a batch with a change of kind {}", kind);
  const auto key_size = TRY(cursor.read_le<std::uint16_t>());
  if (key_size == 0 || key_size > kStoreKeyBytes) return invalid("a batch with a key of {} bytes", key_size);
  StoreChange out{.key = as_text(TRY(cursor.read_bytes(key_size))), .erases = kind == kErase};
  if (kind == kPut) {
    const auto value_size = TRY(cursor.read_le<std::uint32_t>());
    out.value = TRY(cursor.read_bytes(value_size));
  }
  rest_ = rest_.last(cursor.remaining());
  return out;
}

}  // namespace adyton
