// SPDX-License-Identifier: Apache-2.0
#include "keep/random.h"

#include <cstdint>

namespace adyton::keep {
namespace {

constexpr int kTries =
    1024;  // Intel's guide says 10; a neighbour that drains the generator should not be able to stop us

bool random_word(std::uint64_t& word) {
  for (int tries = 0; tries < kTries; ++tries) {
    unsigned char given = 0;
    // SAFETY: writes its two outputs and the flags.
    asm volatile("rdrand %0; setc %1" : "=r"(word), "=qm"(given) : : "cc");
    // Some processors give all ones, carry set, after a suspend; as a random value that is lost in no one's lifetime.
    if (given != 0 && word != ~std::uint64_t{0}) return true;
    __builtin_ia32_pause();
  }
  return false;
}

}  // namespace

bool fill_random(void* buffer, std::size_t bytes) {
  auto* target = static_cast<unsigned char*>(buffer);
  for (std::size_t done = 0; done < bytes; done += 8) {
    std::uint64_t word = 0;
    if (!random_word(word)) {
      __builtin_memset(buffer, 0, bytes);
      return false;
    }
    __builtin_memcpy(target + done, &word, bytes - done < 8 ? bytes - done : 8);
  }
  return true;
}

}  // namespace adyton::keep
