// SPDX-License-Identifier: Apache-2.0
#include <adyton/bytes.h>
#include <adyton/secret.h>

#include <cstring>
#include <new>

#include "base/error.h"

namespace adyton {

std::string_view as_text(BytesView bytes) {
  // SAFETY: char may alias any object, and the view has the same extent.
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(BytesView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (std::byte b : bytes) {
    out.push_back(kDigits[std::to_integer<unsigned>(b) >> 4]);
    out.push_back(kDigits[std::to_integer<unsigned>(b) & 15]);
  }
  return out;
}

Result<Bytes> parse_hex(std::string_view text) {
  if (text.size() % 2 != 0) return invalid("hexadecimal text of odd length {}", text.size());
  auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return invalid("not a hexadecimal digit at character {}", high < 0 ? i : i + 1);
    out.push_back(static_cast<std::byte>(high << 4 | low));
  }
  return out;
}

void wipe(std::span<std::byte> bytes) {
  if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
}

Secret::Secret(std::size_t size_bytes)
    : data_(size_bytes == 0 ? nullptr : new std::byte[size_bytes]()), size_(size_bytes) {}

Secret Secret::copy_of(BytesView bytes) {
  Secret out(bytes.size());
  if (out.data_ != nullptr) std::memcpy(out.data_, bytes.data(), bytes.size());
  return out;
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() {
  wipe({data_, size_});
  delete[] data_;
}

bool Secret::equals(BytesView other) const {
  if (other.size() != size_) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < size_; ++i) difference |= std::to_integer<unsigned>(data_[i] ^ other[i]);
  return difference == 0;
}

}  // namespace adyton
