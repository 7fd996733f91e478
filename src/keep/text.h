// SPDX-License-Identifier: Apache-2.0
// What little the keep kernel does with strings; it has no C library.
#pragma once

#include <cstddef>
#include <cstdint>

namespace adyton::keep {

constexpr std::size_t length_of(const char* text) {
  std::size_t length = 0;
  while (text[length] != 0) ++length;
  return length;
}

constexpr bool starts_with(const char* text, const char* start) {
  for (; *start != 0; ++text, ++start) {
    if (*text != *start) return false;
  }
  return true;
}

constexpr bool same(const char* left, const char* right) {
  for (; *left == *right; ++left, ++right) {
    if (*left == 0) return true;
  }
  return false;
}

// A line put together in a fixed room; what does not fit is left out. Not inlined: there are many, and none is quick.
class Line {
 public:
  [[gnu::noinline]] Line& operator<<(const char* text) {
    for (; *text != 0 && size_ < sizeof(bytes_); ++text) bytes_[size_++] = *text;
    return *this;
  }
  Line& operator<<(std::uint64_t number) { return write(number, 10); }
  Line& digits(std::uint64_t number, std::uint64_t radix) { return write(number, radix); }
  Line& hex(std::uint64_t number) { return (*this << "0x").write(number, 16); }
  [[nodiscard]] const char* data() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  [[gnu::noinline]] Line& write(std::uint64_t number, std::uint64_t radix) {
    char digits[24];
    std::size_t count = 0;
    do {
      const auto digit = static_cast<char>(number % radix);
      digits[count++] = static_cast<char>(digit < 10 ? '0' + digit : 'a' + digit - 10);
      number /= radix;
    } while (number != 0);
    while (count > 0 && size_ < sizeof(bytes_)) bytes_[size_++] = digits[--count];
    return *this;
  }

  char bytes_[240]{};
  std::size_t size_ = 0;
};

}  // namespace adyton::keep
