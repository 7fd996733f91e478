// SPDX-License-Identifier: Apache-2.0
// Pipes and eventfds within the enclave. Nothing here blocks: -EAGAIN says that it would, and `changes` counts up
// whenever that may have become different, for who wants to wait.
#pragma once

#include <cstdint>

#include "keep/page_allocator.h"
#include "keep/spin_lock.h"

namespace adyton::keep {

// Of poll(): POLLIN with POLLRDNORM, POLLOUT with POLLWRNORM.
inline constexpr std::uint32_t kReadable = 0x41, kWritable = 0x104;

struct Edges {
  std::uint32_t in = 0, out = 0;
};

class Channels {
 public:
  static constexpr std::uint64_t kMost = 256, kPipeBytes = 64 * 1024, kAtomic = 4096;  // of each kind; PIPE_BUF

  // The index of a new one, with one reader and one writer; -ENFILE, -ENOMEM.
  std::int64_t open_pipe(PageAllocator& memory, SpinLock& memory_lock);
  std::int64_t open_event(std::uint64_t value, bool semaphore);
  // Nobody reads any more, or writes: its end stays until it is closed.
  void shut_pipe(std::uint64_t index, bool reader);
  void close_pipe(PageAllocator& memory, SpinLock& memory_lock, std::uint64_t index, bool reader);
  void close_event(std::uint64_t index);

  // Bytes moved; 0 at the end of a pipe without writers; -EPIPE without readers; -EAGAIN. `peek`: they stay there.
  std::int64_t read_pipe(std::uint64_t index, void* to, std::uint64_t bytes, bool peek = false);
  std::int64_t write_pipe(std::uint64_t index, const void* from, std::uint64_t bytes);
  std::int64_t read_event(std::uint64_t index, std::uint64_t& value);
  std::int64_t write_event(std::uint64_t index, std::uint64_t value);

  // kReadable, kWritable, POLLHUP, POLLERR as they hold.
  std::uint32_t pipe_readiness(std::uint64_t index, bool reader);
  std::uint32_t pair_readiness(std::uint64_t in, std::uint64_t out);  // of a socket: pipes to read and to write
  std::uint32_t event_readiness(std::uint64_t index);
  std::int64_t bytes_in_pipe(std::uint64_t index);

  [[nodiscard]] const std::uint32_t* changes() const { return &changes_; }
  void changed() { __atomic_add_fetch(&changes_, 1, __ATOMIC_SEQ_CST); }

  // Counts up whenever something came to read, or room to write: what edge-triggered waiting compares.
  Edges pipe_edges(std::uint64_t index);
  Edges event_edges(std::uint64_t index);

 private:
  struct Pipe {
    std::uint64_t buffer = 0, begin = 0, bytes = 0;
    Edges edges{};
    std::uint32_t ends = 0;  // that are open; 0: free
    bool reader = false, writer = false;
  };
  struct Event {
    std::uint64_t value = 0;
    Edges edges{};
    bool used = false, semaphore = false;
  };
  SpinLock lock_;
  std::uint32_t changes_ = 0;
  Pipe pipes_[kMost]{};
  Event events_[kMost]{};
};

}  // namespace adyton::keep
