// SPDX-License-Identifier: Apache-2.0
#include "keep/descriptors.h"

#include <asm/errno.h>

namespace adyton::keep {

void Descriptors::initialise() {
  for (std::uint16_t number = 0; number < 3; ++number) {
    files_[number] = {.kind = number == 0 ? FileKind::kInput : FileKind::kOutput,
                      .readable = number == 0,
                      .writable = number != 0,
                      .references = 1,
                      .object = number};
    slots_[number] = {static_cast<std::uint16_t>(number + 1), false};
  }
}

OpenFile* Descriptors::find(std::uint64_t descriptor) {
  if (descriptor >= kMost || slots_[descriptor].file == 0) return nullptr;
  return &files_[slots_[descriptor].file - 1];
}

std::int64_t Descriptors::free_slot(std::uint64_t least) const {
  for (std::uint64_t slot = least; slot < kMost; ++slot) {
    if (slots_[slot].file == 0) return static_cast<std::int64_t>(slot);
  }
  return -EMFILE;
}

std::int64_t Descriptors::open(const OpenFile& file, bool close_on_exec) {
  const Locked locked(lock_);
  const std::int64_t slot = free_slot(0);
  if (slot < 0) return slot;
  for (std::uint16_t index = 0; index < kMost; ++index) {
    if (files_[index].references != 0) continue;
    files_[index] = file;
    files_[index].references = 1;
    files_[index].id = ++ids_given_;
    slots_[slot] = {static_cast<std::uint16_t>(index + 1), close_on_exec};
    return slot;
  }
  return -EMFILE;
}

std::int64_t Descriptors::duplicate(std::uint64_t descriptor, std::uint64_t least, bool close_on_exec) {
  const Locked locked(lock_);
  OpenFile* file = find(descriptor);
  if (file == nullptr) return -EBADF;
  if (least >= kMost) return -EINVAL;
  const std::int64_t slot = free_slot(least);
  if (slot < 0) return slot;
  ++file->references;
  slots_[slot] = {slots_[descriptor].file, close_on_exec};
  return slot;
}

std::int64_t Descriptors::duplicate_to(std::uint64_t descriptor, std::uint64_t to, bool close_on_exec, OpenFile& last) {
  const Locked locked(lock_);
  OpenFile* file = find(descriptor);
  if (file == nullptr || to >= kMost) return -EBADF;
  ++file->references;
  const Slot slot{slots_[descriptor].file, close_on_exec};
  if (slots_[to].file != 0) close_locked(to, last);
  slots_[to] = slot;
  return static_cast<std::int64_t>(to);
}

std::int64_t Descriptors::close(std::uint64_t descriptor, OpenFile& last) {
  const Locked locked(lock_);
  return close_locked(descriptor, last);
}

std::int64_t Descriptors::close_locked(std::uint64_t descriptor, OpenFile& last) {
  OpenFile* file = find(descriptor);
  if (file == nullptr) return -EBADF;
  slots_[descriptor] = {};
  if (--file->references == 0) {
    last = *file;
    *file = {};
  }
  return 0;
}

}  // namespace adyton::keep
