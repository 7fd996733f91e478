// SPDX-License-Identifier: Apache-2.0
#include "keep/descriptors.h"

#include <asm/errno.h>

namespace adyton::keep {

void Descriptors::initialise() {
  for (std::uint16_t number = 0; number < 3; ++number) {
    open_at(number,
            {.kind = number == 0 ? FileKind::kInput : FileKind::kOutput,
             .readable = number == 0,
             .writable = number != 0,
             .object = number},
            false);
  }
}

bool Descriptors::has(std::uint64_t descriptor) const {
  return descriptor < kMost && __atomic_load_n(&slots_[descriptor].file, __ATOMIC_ACQUIRE) != 0;
}

bool Descriptors::is_open(std::uint64_t descriptor, std::uint64_t id) {
  const Locked locked(lock_);
  const OpenFile* file = has(descriptor) ? file_of(descriptor) : nullptr;
  return file != nullptr && file->id == id;
}

OpenFile* Descriptors::count_use(std::uint64_t slot) {
  while (true) {
    const std::uint16_t place = __atomic_load_n(&slots_[slot].file, __ATOMIC_ACQUIRE);
    if (place == 0) return nullptr;
    OpenFile& file = files_[place - 1];
    std::uint32_t count = __atomic_load_n(&file.references, __ATOMIC_RELAXED);
    // 0: it has been closed since, and the slot says something else by now.
    while (count != 0) {
      if (__atomic_compare_exchange_n(&file.references, &count, count + 1, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
        return &file;
      }
    }
  }
}

bool Descriptors::is(std::uint64_t slot, const OpenFile& file) const {
  const std::uint16_t place = __atomic_load_n(&slots_[slot].file, __ATOMIC_SEQ_CST);
  return place != 0 && &files_[place - 1] == &file;
}

bool Descriptors::drop_use(OpenFile& file) { return __atomic_sub_fetch(&file.references, 1, __ATOMIC_SEQ_CST) == 0; }

void Descriptors::free(OpenFile& file) {
  const Locked locked(lock_);
  file = {};
}

bool Descriptors::drop_locked(OpenFile& file, OpenFile& last) {
  if (__atomic_sub_fetch(&file.references, 1, __ATOMIC_SEQ_CST) != 0) return false;
  last = file;
  file = {};
  return true;
}

OpenFile* Descriptors::file_of(std::uint64_t slot) {
  const std::uint16_t place = slots_[slot].file;
  return place != 0 ? &files_[place - 1] : nullptr;
}

void Descriptors::set_slot(std::uint64_t slot, Slot to) {
  slots_[slot].close_on_exec = to.close_on_exec;
  __atomic_store_n(&slots_[slot].file, to.file, __ATOMIC_SEQ_CST);
}

std::int64_t Descriptors::free_slot(std::uint64_t least) const {
  for (std::uint64_t slot = least; slot < limit_; ++slot) {
    if (slots_[slot].file == 0) return static_cast<std::int64_t>(slot);
  }
  return -EMFILE;
}

std::int64_t Descriptors::open_at(std::uint64_t slot, const OpenFile& file, bool close_on_exec) {
  for (std::uint16_t index = 0; index < sizeof(files_) / sizeof(files_[0]); ++index) {
    OpenFile& place = files_[index];
    if (place.taken) continue;
    place = file;
    place.taken = true;
    place.id = ++ids_given_;
    __atomic_store_n(&place.references, 1, __ATOMIC_SEQ_CST);
    set_slot(slot, {static_cast<std::uint16_t>(index + 1), close_on_exec});
    return static_cast<std::int64_t>(slot);
  }
  return -ENFILE;  // those of closed descriptors are still held
}

std::int64_t Descriptors::open(const OpenFile& file, bool close_on_exec) {
  const Locked locked(lock_);
  const std::int64_t slot = free_slot(0);
  return slot < 0 ? slot : open_at(static_cast<std::uint64_t>(slot), file, close_on_exec);
}

std::int64_t Descriptors::duplicate(std::uint64_t descriptor, std::uint64_t least, bool close_on_exec) {
  const Locked locked(lock_);
  OpenFile* file = has(descriptor) ? file_of(descriptor) : nullptr;
  if (file == nullptr) return -EBADF;
  if (least >= limit_) return -EINVAL;
  const std::int64_t slot = free_slot(least);
  if (slot < 0) return slot;
  __atomic_add_fetch(&file->references, 1, __ATOMIC_SEQ_CST);
  set_slot(static_cast<std::uint64_t>(slot), {slots_[descriptor].file, close_on_exec});
  return slot;
}

std::int64_t Descriptors::duplicate_to(std::uint64_t descriptor, std::uint64_t to, bool close_on_exec, OpenFile& last) {
  const Locked locked(lock_);
  OpenFile* file = has(descriptor) ? file_of(descriptor) : nullptr;
  if (file == nullptr || to >= limit_) return -EBADF;
  __atomic_add_fetch(&file->references, 1, __ATOMIC_SEQ_CST);
  const Slot slot{slots_[descriptor].file, close_on_exec};
  close_locked(to, last);
  set_slot(to, slot);
  return static_cast<std::int64_t>(to);
}

std::int64_t Descriptors::set_folder(const OpenFile& folder, OpenFile& last) {
  const Locked locked(lock_);
  const std::uint16_t before = slots_[kFolder].file;
  const std::int64_t done = open_at(kFolder, folder, false);
  if (done >= 0 && before != 0) drop_locked(files_[before - 1], last);
  return done;
}

void Descriptors::share_folder(OpenFile& held, OpenFile& last) {
  const Locked locked(lock_);
  __atomic_add_fetch(&held.references, 1, __ATOMIC_SEQ_CST);
  close_locked(kFolder, last);
  set_slot(kFolder, {static_cast<std::uint16_t>(&held - files_ + 1), false});
}

std::int64_t Descriptors::close(std::uint64_t descriptor, OpenFile& last) {
  const Locked locked(lock_);
  if (!has(descriptor)) return -EBADF;
  close_locked(descriptor, last);
  return 0;
}

// The slot first: who sees no reference any more finds that the slot says something else.
void Descriptors::close_locked(std::uint64_t slot, OpenFile& last) {
  const std::uint16_t place = slots_[slot].file;
  if (place == 0) return;
  set_slot(slot, {});
  drop_locked(files_[place - 1], last);
}

}  // namespace adyton::keep
