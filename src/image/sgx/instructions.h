// SPDX-License-Identifier: Apache-2.0
// One x86-64 instruction (Intel's SDM, volume 2: chapter 2 for the encoding, appendix A for the opcode maps): how long
// it is, where it leads, and whether it does the same at another address. No more than that: nothing is disassembled.
#pragma once

#include <cstdint>
#include <optional>

#include <adyton/bytes.h>

namespace adyton {

enum class Flow : std::uint8_t {
  kOn,            // to the next instruction
  kSystemCall,    // `syscall`, and on
  kCall,          // direct, to `distance`, and on
  kIndirectCall,  // nobody knows where to, and on
  kBranch,        // to `distance`, or on
  kJump,          // direct, to `distance`
  kIndirectJump,  // nobody knows where to
  kEnd,           // nowhere: ret, ud2, hlt, int3
};

struct Instruction {
  std::uint8_t length = 0;  // 1 to 15
  Flow flow = Flow::kOn;
  bool padding = false;       // a nop of any length, or int3
  bool movable = false;       // does the same at any address, and can fault only where the stack is not to be had
  bool relative = false;      // but its last four bytes are the distance from its end to what it computes: `lea`
  std::int32_t distance = 0;  // of a direct branch, from the instruction's end
};

// The instruction at the beginning of `code`. Nothing, if it is cut off, invalid in 64-bit mode, or not known here:
// what compilers and assemblers emit for programs is, up to AVX-512.
std::optional<Instruction> decode_instruction(BytesView code);

}  // namespace adyton
