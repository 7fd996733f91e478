// SPDX-License-Identifier: Apache-2.0
#include "keep/epolls.h"

#include <asm/errno.h>
#include <linux/eventpoll.h>
#include <linux/mman.h>

namespace adyton::keep {

std::int64_t Epolls::open() {
  const Locked locked(lock_);
  for (std::uint64_t index = 0; index < kMost; ++index) {
    if (instances_[index].used) continue;
    instances_[index].used = true;
    return static_cast<std::int64_t>(index);
  }
  return -EMFILE;
}

void Epolls::close(PageAllocator& memory, SpinLock& memory_lock, std::uint64_t index) {
  Instance gone;
  {
    const Locked locked(lock_);
    gone = instances_[index];
    instances_[index] = {};
  }
  if (gone.watches == 0) return;
  const Locked locked(memory_lock);
  memory.unmap(gone.watches, page_ceiling(gone.capacity * sizeof(EpollWatch)));
}

EpollWatch* Epolls::find(Instance& instance, const EpollWatch& watch) {
  for (std::uint64_t place = 0; place < instance.count; ++place) {
    EpollWatch& one = at<EpollWatch>(instance.watches)[place];
    if (one.descriptor == watch.descriptor && one.file_id == watch.file_id) return &one;
  }
  return nullptr;
}

std::int64_t Epolls::add(PageAllocator& memory, SpinLock& memory_lock, std::uint64_t index, const EpollWatch& watch) {
  const Locked locked(lock_);
  Instance& instance = instances_[index];
  if (find(instance, watch) != nullptr) return -EEXIST;
  if (instance.count == instance.capacity) {
    const std::uint64_t bytes = page_ceiling(instance.capacity * sizeof(EpollWatch)),
                        wanted = bytes == 0 ? kPage : bytes * 2;
    if (instance.capacity >= kMostWatches) return -ENOSPC;
    const Locked memory_locked(memory_lock);
    const std::int64_t table = bytes == 0 ? memory.map(0, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS)
                                          : memory.remap(instance.watches, bytes, wanted, MREMAP_MAYMOVE, 0);
    if (table < 0) return -ENOMEM;
    instance.watches = static_cast<std::uint64_t>(table);
    instance.capacity = wanted / sizeof(EpollWatch);
  }
  EpollWatch& place = at<EpollWatch>(instance.watches)[instance.count++];
  place = watch;
  place.fresh = true;
  return 0;
}

std::int64_t Epolls::change(std::uint64_t index, const EpollWatch& watch) {
  const Locked locked(lock_);
  EpollWatch* found = find(instances_[index], watch);
  if (found == nullptr) return -ENOENT;
  *found = watch;
  found->fresh = true;
  return 0;
}

std::int64_t Epolls::remove(std::uint64_t index, const EpollWatch& watch) {
  const Locked locked(lock_);
  Instance& instance = instances_[index];
  EpollWatch* found = find(instance, watch);
  if (found == nullptr) return -ENOENT;
  take_out(instance, static_cast<std::uint64_t>(found - at<EpollWatch>(instance.watches)));
  return 0;
}

std::uint64_t Epolls::count(std::uint64_t index) {
  const Locked locked(lock_);
  return instances_[index].count;
}

bool Epolls::get(std::uint64_t index, std::uint64_t place, EpollWatch& watch) {
  const Locked locked(lock_);
  const Instance& instance = instances_[index];
  if (place >= instance.count) return false;
  watch = at<EpollWatch>(instance.watches)[(instance.turn + place) % instance.count];
  return true;
}

bool Epolls::report(std::uint64_t index, const EpollWatch& watch, Edges now) {
  const Locked locked(lock_);
  Instance& instance = instances_[index];
  EpollWatch* found = find(instance, watch);
  if (found == nullptr || found->spent || found->data != watch.data || found->fresh != watch.fresh ||
      ((found->events & EPOLLET) != 0 && (found->told.in != watch.told.in || found->told.out != watch.told.out))) {
    return false;
  }
  found->told = now;
  found->fresh = false;
  found->spent = (found->events & EPOLLONESHOT) != 0;
  return true;
}

}  // namespace adyton::keep
