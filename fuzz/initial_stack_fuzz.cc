// SPDX-License-Identifier: Apache-2.0
// argv and environment as a hostile host gives them: counts from the input's first bytes, strings from the others. What
// passes check_strings() becomes a stack of which every pointer leads to a string of its own within it.
#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "keep/address_unsafe.h"
#include "keep/initial_stack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton::keep;
  constexpr std::size_t kStackBytes = 64 * 1024, kGuard = 64;
  constexpr std::uint8_t kUntouched = 0x3c;
  struct Said {
    std::uint64_t string_bytes, arguments, environment;
  } said{};
  if (size < sizeof(said)) return 0;
  std::memcpy(&said, data, sizeof(said));
  data += sizeof(said);
  size -= sizeof(said);
  alignas(16) static std::array<std::uint8_t, kStackBytes + 2 * kGuard> memory;
  memory.fill(kUntouched);
  const std::uint64_t begin = address_of(&memory[kGuard]);
  if (size > kStackBytes) size = kStackBytes;
  // As start_application() has it: what the host says of the bytes may be another number than there are.
  const bool fits = said.string_bytes <= kStackBytes / 4;
  const std::uint64_t strings = begin + kStackBytes - (fits ? said.string_bytes : 0);
  if (fits) std::memcpy(at<void>(strings), data, size < said.string_bytes ? size : said.string_bytes);
  const InitialStack stack{.begin = begin,
                           .end = begin + kStackBytes,
                           .strings = strings,
                           .string_bytes = said.string_bytes,
                           .argument_count = said.arguments,
                           .environment_count = said.environment,
                           .program_headers = 1,
                           .program_header_count = 2,
                           .entry = 3,
                           .config = 4};
  if (!check_strings(stack)) return 0;
  if (!fits) std::abort();
  const std::uint64_t top = build_initial_stack(stack);
  if (top == 0) return 0;  // no RDRAND
  if (top % 16 != 0 || top < begin + kStackBytes / 4 || top >= strings) std::abort();
  for (std::size_t i = 0; i < kGuard; ++i) {
    if (memory[i] != kUntouched || memory[kGuard + kStackBytes + i] != kUntouched) std::abort();
  }
  const auto* word = at<const std::uint64_t>(top);
  if (*word++ != said.arguments) std::abort();
  std::uint64_t last = strings - 1;
  const auto expect_string = [&](std::uint64_t string) {
    if (string <= last || string >= stack.end) std::abort();
    last = string + std::strlen(at<const char>(string));
    if (last >= stack.end) std::abort();
  };
  for (std::uint64_t i = 0; i < said.arguments; ++i) expect_string(*word++);
  if (*word++ != 0) std::abort();
  std::uint64_t variables = 0;
  for (; word[1] != 0; ++word, ++variables) {
    expect_string(*word);
    if (!std::string_view(at<const char>(*word)).starts_with("ADYTON_")) std::abort();
  }
  if (variables > said.environment) std::abort();
  // The last is the keep kernel's own.
  const std::string_view own = at<const char>(*word);
  if (own != "GLIBC_TUNABLES=glibc.malloc.arena_max=1" || *word <= top || *word + own.size() >= strings) std::abort();
  return 0;
}
