// SPDX-License-Identifier: Apache-2.0
#include "keep/cpuid.h"

#include <initializer_list>

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

}  // namespace

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
  const CpuidAnswer answer = without_missing_state(leaf, subleaf, told, xfrm_);
  const Locked locked(lock_);
  for (std::uint32_t index = 0; index < count_; ++index) {  // another thread may have been faster
    if (entries_[index].leaf == leaf && entries_[index].subleaf == subleaf) return entries_[index].answer;
  }
  if (count_ < sizeof(entries_) / sizeof(entries_[0])) entries_[count_++] = {leaf, subleaf, answer};
  return answer;
}

}  // namespace adyton::keep
