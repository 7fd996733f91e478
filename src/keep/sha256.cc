// SPDX-License-Identifier: Apache-2.0
#include "keep/sha256.h"

namespace adyton::keep {
namespace {

// 4.2.2: of the fractional parts of the cube roots of the first 64 primes.
constexpr std::uint32_t kConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr std::uint32_t turned(std::uint32_t word, int by) { return word >> by | word << (32 - by); }

void add_block(std::uint32_t (&state)[8], const std::uint8_t* block) {  // 6.2.2
  std::uint32_t words[64];
  for (int index = 0; index < 16; ++index) {
    words[index] = std::uint32_t{block[4 * index]} << 24 | std::uint32_t{block[4 * index + 1]} << 16 |
                   std::uint32_t{block[4 * index + 2]} << 8 | block[4 * index + 3];
  }
  for (int index = 16; index < 64; ++index) {
    const std::uint32_t a = words[index - 15], b = words[index - 2];
    words[index] = words[index - 16] + (turned(a, 7) ^ turned(a, 18) ^ a >> 3) + words[index - 7] +
                   (turned(b, 17) ^ turned(b, 19) ^ b >> 10);
  }
  std::uint32_t v[8];
  for (int index = 0; index < 8; ++index) v[index] = state[index];
  for (int index = 0; index < 64; ++index) {
    const std::uint32_t first = v[7] + (turned(v[4], 6) ^ turned(v[4], 11) ^ turned(v[4], 25)) +
                                ((v[4] & v[5]) ^ (~v[4] & v[6])) + kConstants[index] + words[index];
    const std::uint32_t second =
        (turned(v[0], 2) ^ turned(v[0], 13) ^ turned(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    for (int place = 7; place > 0; --place) v[place] = v[place - 1];
    v[4] += first;
    v[0] = first + second;
  }
  for (int index = 0; index < 8; ++index) state[index] += v[index];
}

}  // namespace

void sha256(const void* bytes, std::uint64_t count, std::uint8_t (&digest)[32]) {
  std::uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  const auto* at = static_cast<const std::uint8_t*>(bytes);
  const std::uint64_t bits = count * 8;
  for (; count >= 64; count -= 64, at += 64) add_block(state, at);
  std::uint8_t last[128]{};  // 5.1.1: a one, zeros, the length
  if (count > 0) __builtin_memcpy(last, at, count);
  last[count] = 0x80;
  const std::uint64_t end = count < 56 ? 64 : 128;
  for (int index = 0; index < 8; ++index) last[end - 1 - index] = static_cast<std::uint8_t>(bits >> (8 * index));
  add_block(state, last);
  if (end == 128) add_block(state, last + 64);
  for (int index = 0; index < 32; ++index)
    digest[index] = static_cast<std::uint8_t>(state[index / 4] >> (24 - index % 4 * 8));
}

}  // namespace adyton::keep
