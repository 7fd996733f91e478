// SPDX-License-Identifier: Apache-2.0
#include "keep/initial_stack.h"

#include <linux/auxvec.h>

#include "image/sgx/keep_config.h"
#include "keep/address_unsafe.h"
#include "keep/random.h"

namespace adyton::keep {
namespace {

constexpr std::uint64_t kFsgsbase = 2;  // HWCAP2_FSGSBASE
constexpr std::uint64_t kUser = 1000;   // AT_UID and the others: somebody, and not root

// Writes words upwards from `position`.
class Words {
 public:
  explicit Words(std::uint64_t position) : next_(at<std::uint64_t>(position)) {}
  void add(std::uint64_t word) { *next_++ = word; }
  void add(std::uint64_t key, std::uint64_t value) {
    add(key);
    add(value);
  }

 private:
  std::uint64_t* next_;
};

std::uint64_t end_of_string(std::uint64_t string) { return string + length_of(at<const char>(string)) + 1; }

}  // namespace

bool allowed_variable(const MeasuredManifest& manifest, const char* variable) {
  return starts_with(variable, "ADYTON_CHANNEL=") || manifest.allows_variable(variable);
}

bool check_strings(const InitialStack& stack) {
  if (stack.string_bytes == 0 || stack.string_bytes > (stack.end - stack.begin) / 4 || stack.argument_count == 0 ||
      stack.argument_count > stack.string_bytes || stack.environment_count > stack.string_bytes) {
    return false;
  }
  // Each string takes a byte and a pointer.
  if ((stack.argument_count + stack.environment_count) * 8 > (stack.end - stack.begin) / 4) return false;
  const auto* bytes = at<const char>(stack.strings);
  std::uint64_t zeros = 0;
  for (std::uint64_t index = 0; index < stack.string_bytes; ++index) zeros += bytes[index] == 0 ? 1 : 0;
  return zeros == stack.argument_count + stack.environment_count && bytes[stack.string_bytes - 1] == 0;
}

std::uint64_t build_initial_stack(const InitialStack& stack) {
  const std::uint64_t random = (stack.strings - 16) & ~std::uint64_t{15};
  if (!fill_random(at<void>(random), 16)) return 0;
  const Line tuning = malloc_variable(stack.arenas);
  const std::uint64_t tunables = random - tuning.size() - 1;
  __builtin_memcpy(at<char>(tunables), tuning.data(), tuning.size());
  *at<char>(tunables + tuning.size()) = 0;
  bool tuned = false;

  const std::uint64_t variables[][2] = {{AT_PHDR, stack.program_headers},
                                        {AT_PHENT, 56},
                                        {AT_PHNUM, stack.program_header_count},
                                        {AT_PAGESZ, kPage},
                                        {AT_ENTRY, stack.entry},
                                        {AT_BASE, 0},
                                        {AT_FLAGS, 0},
                                        {AT_UID, kUser},
                                        {AT_EUID, kUser},
                                        {AT_GID, kUser},
                                        {AT_EGID, kUser},
                                        {AT_SECURE, 0},
                                        {AT_CLKTCK, 100},
                                        {AT_HWCAP, 0},
                                        {AT_HWCAP2, kFsgsbase},
                                        {AT_RANDOM, random},
                                        {AT_MINSIGSTKSZ, stack.signal_frame_bytes},
                                        {AT_EXECFN, stack.strings},
                                        {kAuxiliaryKeepConfig, stack.config},
                                        {AT_NULL, 0}};
  // argc, argv and its end, environment with our own and its end, the vector: at most, as variables may be left out.
  const std::uint64_t words = 1 + stack.argument_count + 1 + stack.environment_count + 2 + sizeof(variables) / 8;
  const std::uint64_t top = (tunables - words * 8) & ~std::uint64_t{15};
  Words out(top);
  out.add(stack.argument_count);
  std::uint64_t string = stack.strings;
  for (std::uint64_t index = 0; index < stack.argument_count; ++index, string = end_of_string(string)) out.add(string);
  out.add(0);
  for (std::uint64_t index = 0; index < stack.environment_count; ++index, string = end_of_string(string)) {
    if (!allowed_variable(stack.manifest, at<const char>(string))) continue;
    out.add(string);
    tuned = tuned || starts_with(at<const char>(string), "GLIBC_TUNABLES=");
  }
  if (!tuned) out.add(tunables);
  out.add(0);
  for (const auto& variable : variables) out.add(variable[0], variable[1]);
  return top;
}

}  // namespace adyton::keep
