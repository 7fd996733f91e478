// SPDX-License-Identifier: Apache-2.0
// Which of some addresses anything in a program might lead to, other than by falling through: rather too many than too
// few, for what is found here is left as it is.
#pragma once

#include <cstdint>
#include <vector>

#include "image/image.h"

namespace adyton {

class Entrances {
 public:
  // Of addresses in `code`, one of the plan's regions.
  Entrances(const LaunchPlan& plan, const Region& code) : plan_(plan), code_(code), asked_(code.bytes.size()) {}

  void ask(std::uint64_t address) {
    if (address - code_.address < asked_.size()) asked_[address - code_.address] = true;
  }
  // Looks for all that were asked for: whatever at any byte of code reads as a call, a jump or a `lea` with four bytes
  // of distance and leads there, any entry of a table to which such a `lea` leads and which is relative to that table
  // (what compilers make of a switch), any eight aligned bytes that are the address (relocations).
  void search();
  [[nodiscard]] bool found(std::uint64_t address) const;

 private:
  void see(std::uint64_t address) {
    if (address - code_.address < asked_.size() && asked_[address - code_.address]) found_.push_back(address);
  }
  void see_displacements(const Region& code);
  void see_table(std::uint64_t address);
  void see_words(const Region& data);

  const LaunchPlan& plan_;
  const Region& code_;
  std::vector<bool> asked_;
  std::vector<std::uint64_t> found_;
};

}  // namespace adyton
