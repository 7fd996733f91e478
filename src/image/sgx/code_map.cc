// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/code_map.h"

#include <algorithm>

#include "image/sgx/call_sites.h"

namespace adyton {
namespace {

constexpr std::uint64_t kNear = 256;  // a branch of one byte reaches no further, nor from there

bool holds_call(BytesView code) { return next_call(code, 0) < code.size(); }

}  // namespace

CodeMap::CodeMap(const Region& region, const std::vector<FunctionRange>& functions)
    : region_(region), marks_(region.bytes.size()) {
  std::vector<FunctionRange> here;
  std::ranges::copy_if(functions, std::back_inserter(here),
                       [&](const FunctionRange& function) { return contains(function.begin); });
  const auto limit = [&](std::size_t i) {
    return i + 1 < here.size() ? here[i + 1].begin : region.address + region.bytes.size();
  };
  std::vector<bool> wanted(here.size());
  for (std::size_t i = 0; i < here.size(); ++i) {
    if (!holds_call(code(here[i].begin).first(limit(i) - here[i].begin))) continue;
    for (std::size_t j = i + 1; j-- > 0 && limit(j) + kNear > here[i].begin;) wanted[j] = true;
    for (std::size_t j = i + 1; j < here.size() && here[j].begin < limit(i) + kNear; ++j) wanted[j] = true;
  }
  for (std::size_t i = 0; i < here.size(); ++i) {
    if (wanted[i]) functions_.push_back(map(here[i], limit(i)));
  }
}

MappedFunction CodeMap::map(const FunctionRange& range, std::uint64_t limit) {
  MappedFunction out{.range = range, .limit = limit, .sure = true, .jumps_anywhere = range.has_handlers};
  std::vector<std::uint64_t> branches{range.begin};
  while (!branches.empty() && out.sure) {
    const std::uint64_t from = branches.back();
    branches.pop_back();
    out.sure = follow(from, out, branches);
  }
  if (!out.sure) {
    const auto first = marks_.begin() + static_cast<std::ptrdiff_t>(range.begin - region_.address);
    std::fill_n(first, limit - range.begin, 0);
  }
  return out;
}

// Marks instructions from there on. False: one is not understood, or overlaps another.
bool CodeMap::follow(std::uint64_t from, MappedFunction& function, std::vector<std::uint64_t>& branches) {
  std::uint64_t at = from;
  while (at >= function.range.begin && at < function.limit) {
    std::uint8_t* const marks = marks_.data() + (at - region_.address);
    if (marks[0] == kInside) return false;
    if (marks[0] != 0) return true;
    const auto instruction = decode_instruction(code(at).first(function.limit - at));
    if (!instruction) return false;
    if (std::any_of(marks, marks + instruction->length, [](std::uint8_t mark) { return mark != 0; })) return false;
    marks[0] = instruction->length;
    std::fill(marks + 1, marks + instruction->length, kInside);
    at += instruction->length;
    const std::uint64_t target = at + static_cast<std::uint64_t>(std::int64_t{instruction->distance});
    switch (instruction->flow) {
      case Flow::kOn:
      case Flow::kSystemCall: break;
      case Flow::kIndirectJump: function.jumps_anywhere = true; return true;
      case Flow::kEnd: return true;
      case Flow::kCall: branches.push_back(target); [[fallthrough]];
      case Flow::kIndirectCall:
        if (at == function.range.end) return true;  // whom it calls does not return: anything may lie behind
        break;
      case Flow::kBranch: branches.push_back(target); break;
      case Flow::kJump: at = target; break;
    }
  }
  return true;
}

std::uint64_t CodeMap::before(std::uint64_t address) const {
  constexpr std::uint64_t kLongest = 15;
  for (std::uint64_t size = 1; size <= kLongest && size <= address; ++size) {
    if (length(address - size) == size) return address - size;
  }
  return 0;
}

bool CodeMap::near_branch_to(std::uint64_t address) const {
  constexpr std::uint64_t kReach = 128, kSize = 2;
  for (std::uint64_t from = address - kReach - kSize; from != address + kReach; ++from) {
    if (!contains(from) || !contains(from + 1) || (covered(from) && !starts(from))) continue;
    if (starts(from)) {
      const auto instruction = decode_instruction(code(from));
      const auto distance = static_cast<std::uint64_t>(std::int64_t{instruction ? instruction->distance : 0});
      const bool branches = instruction && (instruction->flow == Flow::kCall || instruction->flow == Flow::kBranch ||
                                            instruction->flow == Flow::kJump);
      if (branches && from + instruction->length + distance == address) return true;
      continue;
    }
    const auto opcode = static_cast<unsigned>(code(from)[0]);
    const bool branch = (opcode >= 0x70 && opcode <= 0x7f) || (opcode >= 0xe0 && opcode <= 0xe3) || opcode == 0xeb;
    const auto distance = static_cast<std::uint64_t>(std::int64_t{static_cast<std::int8_t>(code(from)[1])});
    if (branch && from + kSize + distance == address) return true;
  }
  return false;
}

}  // namespace adyton
