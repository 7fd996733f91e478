// SPDX-License-Identifier: Apache-2.0
// The application's x87, SSE, AVX and AVX-512 registers, which the keep kernel never uses and so are all in place.
#pragma once

#include <cstdint>

namespace adyton::keep {

// A component's place in the standard form of the XSAVE area, Intel SDM 1, 13.4. Processors without MPX may put those
// behind it closer together, none further apart; none of them needs more bytes.
struct StateComponent {
  std::uint32_t number, offset, bytes;
  bool aligned;  // to 64 bytes in the compacted form
};
inline constexpr StateComponent kStateComponents[] = {
    {2, 576, 256, false},    // AVX
    {3, 960, 64, false},     // MPX
    {4, 1024, 64, false},    //
    {5, 1088, 64, false},    // AVX-512
    {6, 1152, 512, false},   //
    {7, 1664, 1024, false},  //
    {9, 2688, 8, false},     // protection keys
    {17, 2752, 64, true},    // AMX
    {18, 2816, 8192, true},
};
inline constexpr std::uint64_t kLegacyStateBytes = 576;  // x87 and SSE, and the header

// What the components of `state`, bits as in XCR0, take in the standard form.
constexpr std::uint64_t extended_state_bytes(std::uint64_t state) {
  std::uint64_t bytes = kLegacyStateBytes;
  for (const StateComponent& each : kStateComponents) {
    if ((state >> each.number & 1) != 0) bytes = each.offset + each.bytes;
  }
  return bytes;
}

// XCR0, which in an enclave is XFRM. In the emulator it is the host's: there the application may use more registers
// than its enclave has.
std::uint64_t enabled_state();

// What save_extended_state() writes. Never the host's word.
std::uint64_t saved_state_bytes();

// Requires: saved_state_bytes() of the application's memory, aligned to 64.
void save_extended_state(void* to);
// As a new program finds it.
void reset_extended_state();
// Bits that would fault are cleared in `from` first.
void restore_extended_state(void* from);

// Which floating-point exceptions are raised and unmasked, by the x87's words or by MXCSR: bits as MXCSR's first six.
std::uint32_t raised_float_exceptions(bool x87);

}  // namespace adyton::keep
