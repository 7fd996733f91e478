// SPDX-License-Identifier: Apache-2.0
// Which bytes of an executable segment are instructions beyond doubt: those to which control flow leads from the
// beginning of a function, by falling through and by direct branches.
#pragma once

#include <cstdint>
#include <vector>

#include "image/image.h"
#include "image/sgx/instructions.h"
#include "image/sgx/unwind_table.h"

namespace adyton {

struct MappedFunction {
  FunctionRange range;
  std::uint64_t limit = 0;      // where the next begins: some go on behind their end, where nothing is to be unwound
  bool sure = false;            // else an instruction was not understood, or two of them overlap: none counts
  bool jumps_anywhere = false;  // it has an indirect jump, or landing pads: more may lead into it than its branches
};

class CodeMap {
 public:
  // Of the functions in `region`, those that hold the bytes of a `syscall` or a `cpuid`, and their neighbours. Keeps a
  // reference.
  CodeMap(const Region& region, const std::vector<FunctionRange>& functions);

  [[nodiscard]] const Region& region() const { return region_; }
  [[nodiscard]] const std::vector<MappedFunction>& functions() const { return functions_; }  // ascending

  // All addresses are from the load base, and may lie anywhere.
  [[nodiscard]] bool contains(std::uint64_t address) const { return address - region_.address < marks_.size(); }
  [[nodiscard]] bool covered(std::uint64_t address) const { return mark(address) != 0; }  // part of an instruction
  [[nodiscard]] bool starts(std::uint64_t address) const { return mark(address) != 0 && mark(address) != kInside; }
  [[nodiscard]] std::uint64_t length(std::uint64_t address) const { return starts(address) ? mark(address) : 0; }
  // Where the instruction begins that ends at `address`; 0: there is none.
  [[nodiscard]] std::uint64_t before(std::uint64_t address) const;
  // Whether a branch of one byte, of one of these instructions or in bytes that are none of them, leads there.
  [[nodiscard]] bool near_branch_to(std::uint64_t address) const;
  // Up to 15 bytes. Requires that the address is contained.
  [[nodiscard]] BytesView code(std::uint64_t address) const { return region_.bytes.subspan(address - region_.address); }

 private:
  static constexpr std::uint8_t kInside = 0xff;
  [[nodiscard]] std::uint8_t mark(std::uint64_t address) const {
    return contains(address) ? marks_[address - region_.address] : 0;
  }
  MappedFunction map(const FunctionRange& range, std::uint64_t limit);
  bool follow(std::uint64_t from, MappedFunction& function, std::vector<std::uint64_t>& branches);

  const Region& region_;
  std::vector<std::uint8_t> marks_;  // of each byte: an instruction's length where it begins, kInside, or 0
  std::vector<MappedFunction> functions_;
};

}  // namespace adyton
