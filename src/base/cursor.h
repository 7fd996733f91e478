// SPDX-License-Identifier: Apache-2.0
// Reading and writing fixed-width integers in byte strings: the one way binary formats are taken apart and put
// together.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

static_assert(std::endian::native == std::endian::little, "load_le and store_le copy as they are");

// The little- or big-endian integer at `offset`. Requires offset + sizeof(T) <= bytes.size().
template <std::unsigned_integral T>
T load_le(BytesView bytes, std::size_t offset = 0) {
  T value;
  std::memcpy(&value, bytes.subspan(offset, sizeof(T)).data(), sizeof(T));
  return value;
}
template <std::unsigned_integral T>
T load_be(BytesView bytes, std::size_t offset = 0) {
  if constexpr (sizeof(T) == 1) {
    return load_le<T>(bytes, offset);
  } else {
    return std::byteswap(load_le<T>(bytes, offset));
  }
}

// Overwrites the bytes at `offset`. Requires offset + sizeof(T) <= bytes.size().
template <std::unsigned_integral T>
void store_le(std::span<std::byte> bytes, std::size_t offset, T value) {
  std::memcpy(bytes.subspan(offset, sizeof(T)).data(), &value, sizeof(T));
}

void append(Bytes& out, BytesView bytes);
template <std::unsigned_integral T>
void append_le(Bytes& out, T value) {
  append(out, std::as_bytes(std::span(&value, 1)));
}
template <std::unsigned_integral T>
void append_be(Bytes& out, T value) {
  if constexpr (sizeof(T) > 1) value = std::byteswap(value);
  append(out, std::as_bytes(std::span(&value, 1)));
}

// Whether [offset, offset + size) lies within `limit` bytes, without overflow.
constexpr bool in_bounds(std::uint64_t offset, std::uint64_t size, std::uint64_t limit) {
  return size <= limit && offset <= limit - size;
}

// Moves forward over hostile bytes; what it returns points into them. Every read past the end is `invalid` and moves
// nothing.
class Cursor {
 public:
  explicit Cursor(BytesView bytes) : rest_(bytes) {}

  [[nodiscard]] std::size_t remaining() const { return rest_.size(); }
  Result<BytesView> read_bytes(std::uint64_t size);
  template <std::unsigned_integral T>
  Result<T> read_le() {
    return load_le<T>(ADYTON_TRY(read_bytes(sizeof(T))));
  }
  template <std::unsigned_integral T>
  Result<T> read_be() {
    return load_be<T>(ADYTON_TRY(read_bytes(sizeof(T))));
  }

  // Invalid if bytes are left.
  [[nodiscard]] Result<void> finish() const;

 private:
  BytesView rest_;
};

}  // namespace adyton
