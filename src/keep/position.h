// SPDX-License-Identifier: Apache-2.0
// The offset of an open file or folder belongs to one call at a time, as by Linux's f_pos_lock: held while the bytes
// are moved, also while the host is asked for them.
#pragma once

#include <asm/errno.h>

#include "keep/calls.h"
#include "keep/host_interface.h"

namespace adyton::keep {

class Position {
 public:
  // What is no file has none; nullptr: nothing to do. Requires: the caller holds `file` for longer.
  Position(Kernel& kernel, OpenFile* file) : kernel_(kernel) {
    if (file == nullptr || !is_file_or_folder(*file) || kernel.threads.running() == 1) return;
    word_ = &file->position;
    std::uint32_t free = 0;
    if (__atomic_compare_exchange_n(word_, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return;
    while (__atomic_exchange_n(word_, 2, __ATOMIC_ACQUIRE) != 0) {
      // A signal does not end this wait, which is not for anything that may never come.
      if (kernel.threads.wait(kernel, current_thread(), {.word = word_, .expected = 2}) == -EINTR) {
        ask_host(KeepRequest::kYield);
      }
    }
  }
  Position(const Position&) = delete;
  Position& operator=(const Position&) = delete;
  ~Position() {
    if (word_ != nullptr && __atomic_exchange_n(word_, 0, __ATOMIC_RELEASE) == 2) kernel_.threads.wake(word_, 1, ~0U);
  }

 private:
  Kernel& kernel_;
  std::uint32_t* word_ = nullptr;
};

}  // namespace adyton::keep
