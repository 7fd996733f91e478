// SPDX-License-Identifier: Apache-2.0
// Which `syscall` and `cpuid` instructions of a program may lead straight into the keep kernel, and how
// (docs/formats/sgx.md says why this is sound). Pure, and the same for the same program.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "image/image.h"

namespace adyton {

enum class CallKind : std::uint8_t { kSyscall, kCpuid };
std::string_view name_of(CallKind kind);  // of the instruction

inline constexpr std::uint64_t kCallBytes = 2;       // of either
inline constexpr std::uint64_t kJumpBytes = 5;       // e9 and its distance
inline constexpr std::uint64_t kShortJumpBytes = 2;  // eb and its distance: as many as a call has

// What the first two bytes are, if they are one of the two.
std::optional<CallKind> call_at(BytesView code);
// Where the next one begins, at `from` or behind it; the size of `code`, if there is none.
std::size_t next_call(BytesView code, std::size_t from);

// Addresses from the load base.
struct CallSite {
  CallKind kind = CallKind::kSyscall;
  std::uint64_t call = 0;  // its two bytes
  // Where the jump stands: it replaces the five bytes from here, and the instructions from here to `call` are done
  // before it elsewhere. The same as `call`, if it jumps by way of `padding`.
  std::uint64_t begin = 0;
  std::uint64_t padding = 0;             // five bytes that nothing executes, in reach of a short jump; 0: not used
  std::vector<std::uint64_t> distances;  // in the moved instructions: four bytes each, from there to what they compute
};

struct LeftCall {
  CallKind kind = CallKind::kSyscall;
  std::uint64_t call = 0;
  bool operator==(const LeftCall&) const = default;
};

struct CallSites {
  std::vector<CallSite> rewritten;  // ascending
  std::vector<LeftCall> left;       // the other bytes that may be such instructions: these trap. Ascending
};

CallSites find_call_sites(const LaunchPlan& plan);

}  // namespace adyton
