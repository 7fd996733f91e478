// SPDX-License-Identifier: Apache-2.0
// The application's memory: brk, mmap, munmap, mprotect, mremap, madvise over the enclave's heap. The heap's pages were
// added unmeasured, so the host may have filled them: each is wiped before the application can read it, and again
// whenever it is given out anew.
//
// Each function returns what the system call does: a value, or minus errno. Not for several threads at a time, but for
// what is const.
#pragma once

#include <cstdint>

#include "keep/area_table.h"

namespace adyton::keep {

class PageAllocator {
 public:
  static constexpr std::uint64_t kMostAreas = 65536;  // as Linux's vm.max_map_count

  // [begin, end) are the heap's pages. Its own table takes the first of them: it has room for an area a page, and for
  // `most_areas` of them at most. False: too small.
  [[nodiscard]] bool initialise(std::uint64_t begin, std::uint64_t end, std::uint64_t most_areas = kMostAreas);

  std::int64_t map(std::uint64_t hint, std::uint64_t bytes, std::uint64_t protection, std::uint64_t flags);
  std::int64_t unmap(std::uint64_t address, std::uint64_t bytes);
  std::int64_t protect(std::uint64_t address, std::uint64_t bytes, std::uint64_t protection);
  std::int64_t remap(std::uint64_t address, std::uint64_t old_bytes, std::uint64_t new_bytes, std::uint64_t flags,
                     std::uint64_t new_address);
  std::int64_t advise(std::uint64_t address, std::uint64_t bytes, std::uint64_t advice) const;
  std::int64_t set_break(std::uint64_t address);  // the break as it is then, as the system call does

  // What the application may hand to a system call: [begin(), end()).
  [[nodiscard]] std::uint64_t begin() const { return break_begin_; }
  [[nodiscard]] std::uint64_t end() const { return end_; }
  [[nodiscard]] const AreaTable& areas() const { return areas_; }
  [[nodiscard]] std::uint64_t taken_bytes() const;

 private:
  std::int64_t take(std::uint64_t begin, std::uint64_t end, std::uint64_t protection);
  // Requires room for three areas more.
  std::int64_t move(std::uint64_t address, std::uint64_t old_end, std::uint64_t to, std::uint64_t new_bytes);

  AreaTable areas_;
  std::uint64_t break_begin_ = 0, break_ = 0, end_ = 0;
};

}  // namespace adyton::keep
