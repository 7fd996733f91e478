// SPDX-License-Identifier: Apache-2.0
#include "keep/cpuid.h"

#include <initializer_list>

#include "keep/extended_state.h"
#include "keep/host_interface.h"

namespace adyton::keep {
namespace {

constexpr std::uint32_t bits(std::initializer_list<unsigned> numbers) {
  std::uint32_t out = 0;
  for (const unsigned number : numbers) out |= 1U << number;
  return out;
}

// Instructions, by the state that they need.
struct Needs {
  std::uint64_t state;
  std::uint32_t leaf, subleaf;
  CpuidAnswer instructions;
};
constexpr std::uint64_t kAvx = 0x4, kAvx512 = 0xe0, kPkru = 0x200, kAmx = 0x60000, kNever = std::uint64_t{1} << 63;
constexpr Needs kNeeds[] = {
    {kAvx, 1, 0, {.ecx = bits({12, 28, 29})}},  // FMA, AVX, F16C
    {kAvx, 7, 0, {.ebx = bits({5}), .ecx = bits({9, 10})}},
    {kAvx, 7, 1, {.eax = bits({0, 1, 2, 4, 23}), .edx = bits({4, 5, 10, 19})}},
    {kAvx512,
     7,
     0,
     {.ebx = bits({16, 17, 21, 26, 27, 28, 30, 31}), .ecx = bits({1, 6, 11, 12, 14}), .edx = bits({2, 3, 8, 23})}},
    {kAvx512, 7, 1, {.eax = bits({5})}},
    {kPkru, 7, 0, {.ecx = bits({3, 4})}},
    {kAmx, 7, 0, {.edx = bits({22, 24, 25})}},
    {kAmx, 7, 1, {.eax = bits({21}), .edx = bits({8})}},
    {kNever, 7, 0, {.ecx = bits({7}), .edx = bits({20})}},         // shadow stacks, indirect branches
    {kNever, 0xd, 1, {.eax = bits({3}), .ecx = ~0U, .edx = ~0U}},  // XSAVES and its components
};

// A cache that no other thread shares, as leaf 4 and AMD's 8000001DH tell of it.
struct Cache {
  std::uint32_t type, level, ways, sets;
};
constexpr std::uint32_t kLine = 64;
constexpr Cache kCaches[] = {{1, 1, 8, 64}, {2, 1, 8, 64}, {3, 2, 16, 1024}, {3, 3, 16, 8192}};
constexpr std::uint32_t bytes_of(const Cache& cache) { return cache.ways * cache.sets * kLine; }

constexpr CpuidAnswer describe_cache(std::uint32_t index) {
  if (index >= sizeof(kCaches) / sizeof(kCaches[0])) return {};
  constexpr std::uint32_t kInitialises = 1 << 8, kInclusive = 2;
  const Cache& cache = kCaches[index];
  return {cache.type | cache.level << 5 | kInitialises, (kLine - 1) | (cache.ways - 1) << 22, cache.sets - 1,
          cache.level == 3 ? kInclusive : 0};
}

// 80000005H and 80000006H, which are AMD's, and of which Intel has the second level.
constexpr std::uint32_t kLinesPerTag = 1 << 8, kSixteenWays = 8 << 12;
constexpr std::uint32_t kFirst = bytes_of(kCaches[0]) / 1024 << 24 | kCaches[0].ways << 16 | kLinesPerTag | kLine;
constexpr std::uint32_t kSecond = bytes_of(kCaches[2]) / 1024 << 16 | kSixteenWays | kLinesPerTag | kLine;
constexpr std::uint32_t kThird = bytes_of(kCaches[3]) / (512 * 1024) << 18 | kSixteenWays | kLinesPerTag | kLine;
static_assert(bytes_of(kCaches[0]) == bytes_of(kCaches[1]));

constexpr CpuidAnswer describe_component(std::uint32_t number) {
  constexpr std::uint32_t kAligned = 2;
  for (const StateComponent& each : kStateComponents) {
    if (each.number == number) return {each.bytes, each.offset, each.aligned ? kAligned : 0, 0};
  }
  return {};
}

constexpr std::uint64_t compacted_bytes(std::uint64_t state) {
  std::uint64_t bytes = kLegacyStateBytes;
  for (const StateComponent& each : kStateComponents) {
    if ((state >> each.number & 1) == 0) continue;
    if (each.aligned) bytes = (bytes + 63) / 64 * 64;
    bytes += each.bytes;
  }
  return bytes;
}

constexpr std::uint32_t clamp(std::uint32_t value, std::uint32_t least, std::uint32_t most) {
  return value < least ? least : value > most ? most : value;
}

bool is_amd(const CpuidAnswer& vendor) {
  return vendor.ebx == 0x68747541 && vendor.edx == 0x69746e65 && vendor.ecx == 0x444d4163;  // "AuthenticAMD"
}

}  // namespace

CpuidAnswer with_known_sizes(std::uint32_t leaf, std::uint32_t subleaf, CpuidAnswer answer, std::uint64_t enabled) {
  constexpr std::uint32_t kThreads = 0xff << 16, kOneThread = 1 << 16;
  switch (leaf) {
    case 0:
      answer.eax = clamp(answer.eax, 0xd, 0x40);
      if (!is_amd(answer)) answer = {answer.eax, 0x756e6547, 0x6c65746e, 0x49656e69};  // "GenuineIntel"
      return answer;
    case 1: answer.ebx = (answer.ebx & ~kThreads) | kOneThread; return answer;
    case 2: return {0x00feff01, 0xf0, 0, 0};  // caches: see leaf 4
    case 4: return describe_cache(subleaf);
    case 0xd:
      if (subleaf > 1) return describe_component(subleaf);
      answer.ebx = static_cast<std::uint32_t>(subleaf == 0 ? extended_state_bytes(enabled) : compacted_bytes(enabled));
      if (subleaf == 0) answer.ecx = answer.ebx;
      return answer;
    case 0x8000'0000: answer.eax = clamp(answer.eax, 0x8000'0008, 0x8000'0040); return answer;
    case 0x8000'0005: return {0, 0, kFirst, kFirst};
    case 0x8000'0006: return {0, 0, kSecond, kThird};
    case 0x8000'0008: answer.ecx = 0; return answer;  // one thread
    case 0x8000'001d: return describe_cache(subleaf);
    default: return answer;
  }
}

CpuidAnswer without_missing_state(std::uint32_t leaf, std::uint32_t subleaf, CpuidAnswer answer, std::uint64_t xfrm) {
  for (const Needs& each : kNeeds) {
    // Leaf 1 has no subleaves: whatever ECX is, it is the same.
    if (each.leaf != leaf || (leaf != 1 && each.subleaf != subleaf) || (xfrm & each.state) == each.state) continue;
    answer.eax &= ~each.instructions.eax;
    answer.ebx &= ~each.instructions.ebx;
    answer.ecx &= ~each.instructions.ecx;
    answer.edx &= ~each.instructions.edx;
  }
  if (leaf != 0xd) return answer;
  if (subleaf == 0) {
    answer.eax &= static_cast<std::uint32_t>(xfrm);
    answer.edx &= static_cast<std::uint32_t>(xfrm >> 32);
  } else if (subleaf > 1 && (subleaf > 63 || (xfrm >> subleaf & 1) == 0)) {
    answer = {};
  }
  return answer;
}

namespace {

// Whether ECX may matter. Where it does not, programs leave anything in it.
bool has_subleaves(std::uint32_t leaf) {
  constexpr std::uint32_t kWithout = bits({0, 1, 2, 3, 5, 6, 9, 0xa, 0x15, 0x16});
  const bool extended = leaf >= 0x80000000 && leaf < 0x8000001d;
  return !extended && (leaf > 31 || (kWithout >> leaf & 1) == 0);
}

}  // namespace

CpuidAnswer CpuidCache::get(std::uint32_t leaf, std::uint32_t subleaf) {
  if (!has_subleaves(leaf)) subleaf = 0;
  {
    const Locked locked(lock_);
    for (std::uint32_t index = 0; index < count_; ++index) {
      if (entries_[index].leaf == leaf && entries_[index].subleaf == subleaf) return entries_[index].answer;
    }
  }
  const RawAnswer raw = ask_host(KeepRequest::kCpuid, leaf, subleaf);
  const CpuidAnswer told{static_cast<std::uint32_t>(raw.result), static_cast<std::uint32_t>(raw.b),
                         static_cast<std::uint32_t>(raw.c), static_cast<std::uint32_t>(raw.d)};
  const CpuidAnswer answer =
      without_missing_state(leaf, subleaf, with_known_sizes(leaf, subleaf, told, enabled_), xfrm_);
  const Locked locked(lock_);
  for (std::uint32_t index = 0; index < count_; ++index) {  // another thread may have been faster
    if (entries_[index].leaf == leaf && entries_[index].subleaf == subleaf) return entries_[index].answer;
  }
  if (count_ < sizeof(entries_) / sizeof(entries_[0])) entries_[count_++] = {leaf, subleaf, answer};
  return answer;
}

}  // namespace adyton::keep
