// SPDX-License-Identifier: Apache-2.0
// What the launcher tells an enclave about its memory, in the environment variable ADYTON_BOOT: read before the C
// library exists, so everything here is free of it.
#pragma once

#include <cstdint>

namespace adyton {

// "heap=BYTES;stack=BYTES;secret=MODE", in this order and nothing else; BYTES are decimal multiples of 4096, heap
// 1 MiB to 64 GiB, stack 64 KiB to 64 MiB. MODE: 0 ordinary memory; 1 secret memory as far as the machine gives it;
// 2 secret memory or nothing.
struct BootOptions {
  std::uint64_t heap_bytes = 0;
  std::uint64_t stack_bytes = 0;
  std::uint8_t secret = 0;
};

namespace boot_detail {

// Moves `text` past `word` if it begins with it.
[[gnu::always_inline]] constexpr bool skip(const char*& text, const char* word) {
  const char* at = text;
  for (; *word != 0; ++word, ++at) {
    if (*at != *word) return false;
  }
  text = at;
  return true;
}

// Reads 1 to 18 decimal digits.
[[gnu::always_inline]] constexpr bool read_number(const char*& text, std::uint64_t& out) {
  const char* const begin = text;
  out = 0;
  for (; *text >= '0' && *text <= '9' && text - begin < 18; ++text) {
    out = out * 10 + static_cast<std::uint64_t>(*text - '0');
  }
  return text != begin;
}

[[gnu::always_inline]] constexpr bool in_pages_between(std::uint64_t value, std::uint64_t low, std::uint64_t high) {
  return value % 4096 == 0 && low <= value && value <= high;
}

}  // namespace boot_detail

// Reads the variable's value (NUL-terminated); false if it is not of the form above.
[[gnu::always_inline]] constexpr bool parse_boot_options(const char* text, BootOptions& out) {
  using namespace boot_detail;
  std::uint64_t secret = 0;
  if (!skip(text, "heap=") || !read_number(text, out.heap_bytes)) return false;
  if (!skip(text, ";stack=") || !read_number(text, out.stack_bytes)) return false;
  if (!skip(text, ";secret=") || !read_number(text, secret) || *text != 0 || secret > 2) return false;
  out.secret = static_cast<std::uint8_t>(secret);
  return in_pages_between(out.heap_bytes, 1u << 20, 64ull << 30) &&
         in_pages_between(out.stack_bytes, 64u << 10, 64u << 20);
}

}  // namespace adyton
