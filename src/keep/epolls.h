// SPDX-License-Identifier: Apache-2.0
// What epoll instances watch. Which watches are ready is readiness.h's to say; here is what has to be kept of each.
#pragma once

#include <cstdint>

#include "keep/address_unsafe.h"
#include "keep/channels.h"
#include "keep/page_allocator.h"
#include "keep/spin_lock.h"

namespace adyton::keep {

struct EpollWatch {
  std::uint32_t descriptor = 0;
  std::uint32_t events = 0;  // EPOLLIN, ..., EPOLLET, EPOLLONESHOT
  std::uint64_t data = 0;
  std::uint64_t file_id = 0;  // of the open file; 0: no watch
  Edges told{};               // up to here it has been reported
  bool fresh = false;         // not reported since it was made or changed
  bool spent = false;         // EPOLLONESHOT
};

class Epolls {
 public:
  static constexpr std::uint64_t kMost = 64, kMostWatches = 1024;

  std::int64_t open();  // its index, or -EMFILE
  void close(PageAllocator& memory, SpinLock& memory_lock, std::uint64_t index);
  // Takes out the watches of which `closed(watch)` says so, if there is no room for another.
  template <typename Closed>
  void make_room(std::uint64_t index, Closed&& closed) {
    const Locked locked(lock_);
    Instance& instance = instances_[index];
    if (instance.count < instance.capacity) return;
    for (std::uint64_t place = instance.count; place-- > 0;) {
      if (closed(at<EpollWatch>(instance.watches)[place])) take_out(instance, place);
    }
  }
  // -EEXIST, -ENOENT, -ENOMEM, -ENOSPC. A watch is known by its descriptor and file.
  std::int64_t add(PageAllocator& memory, SpinLock& memory_lock, std::uint64_t index, const EpollWatch& watch);
  std::int64_t change(std::uint64_t index, const EpollWatch& watch);
  std::int64_t remove(std::uint64_t index, const EpollWatch& watch);

  [[nodiscard]] std::uint64_t count(std::uint64_t index);
  // A copy of the watch at `place`, counted from where the last report ended, so that all get their turn. False: none.
  bool get(std::uint64_t index, std::uint64_t place, EpollWatch& watch);
  // Reported with what was `now`; false if another thread was first, or it is gone.
  bool report(std::uint64_t index, const EpollWatch& watch, Edges now);

 private:
  struct Instance {
    bool used = false;
    std::uint64_t watches = 0, capacity = 0;  // address of the table, and its entries
    std::uint64_t count = 0, turn = 0;
  };
  static EpollWatch* find(Instance& instance, const EpollWatch& watch);
  static void take_out(Instance& instance, std::uint64_t place) {
    at<EpollWatch>(instance.watches)[place] = at<EpollWatch>(instance.watches)[--instance.count];
  }

  SpinLock lock_;
  Instance instances_[kMost]{};
};

}  // namespace adyton::keep
