// SPDX-License-Identifier: Apache-2.0
#include "keep/extended_state.h"

namespace adyton::keep {
namespace {

constexpr std::uint32_t kComponents = 0xe7;     // x87, SSE, AVX, AVX-512
constexpr std::uint32_t kControlBits = 0xffff;  // of MXCSR

struct Area {
  std::uint8_t first[24];
  std::uint32_t control;  // MXCSR
  std::uint8_t rest[484];
  std::uint64_t present, compacted, reserved[6];  // the header
};
static_assert(sizeof(Area) == 576);

}  // namespace

std::uint64_t enabled_state() {
  std::uint32_t low = 0, high = 0;
  // SAFETY: reads a register; an enclave has XSAVE and OSXSAVE.
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low | std::uint64_t{high} << 32;
}

std::uint64_t saved_state_bytes() { return extended_state_bytes(enabled_state() & kComponents); }

void save_extended_state(void* to) {
  auto* area = static_cast<Area*>(to);
  area->present = area->compacted = 0;
  for (std::uint64_t& word : area->reserved) word = 0;
  // SAFETY: writes at most saved_state_bytes(), which the caller has.
  asm volatile("xsave64 (%0)" : : "r"(to), "a"(kComponents), "d"(0) : "memory");
}

void reset_extended_state() {
  struct alignas(64) Whole {  // the processor may touch all of it
    Area first;
    std::uint8_t rest[extended_state_bytes(kComponents) - sizeof(Area)];
  };
  Whole area;
  __builtin_memset(&area.first, 0, sizeof(area.first));
  area.first.control = 0x1f80;
  // SAFETY: with XSTATE_BV 0 every component becomes as after reset; MXCSR is read from the area.
  asm volatile("xrstor64 (%0)" : : "r"(&area), "a"(kComponents), "d"(0) : "memory");
}

void restore_extended_state(void* from) {
  auto* area = static_cast<Area*>(from);
  area->present &= kComponents;
  area->compacted = 0;
  for (std::uint64_t& word : area->reserved) word = 0;
  area->control &= kControlBits;
  area->present &= enabled_state();
  // SAFETY: XRSTOR faults on components that there are none of and on reserved bits, all cleared above; the keep kernel
  // holds nothing in these registers.
  asm volatile("xrstor64 (%0)" : : "r"(from), "a"(kComponents), "d"(0) : "memory");
}

std::uint32_t raised_float_exceptions(bool x87) {
  std::uint16_t status = 0, control = 0;
  std::uint32_t sse = 0;
  // SAFETY: writes three variables; none of these waits for an exception that is pending.
  asm volatile("fnstsw %0; fnstcw %1; stmxcsr %2" : "=m"(status), "=m"(control), "=m"(sse));
  constexpr std::uint32_t kExceptions = 0x3f, kMasks = 7;  // MXCSR's masks begin at bit 7
  return (x87 ? status & ~control : sse & ~(sse >> kMasks)) & kExceptions;
}

}  // namespace adyton::keep
