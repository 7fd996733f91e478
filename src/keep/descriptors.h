// SPDX-License-Identifier: Apache-2.0
// The table from descriptor numbers to open files. What an open file is of is its `kind` and `object`.
#pragma once

#include <cstdint>

#include "keep/spin_lock.h"

namespace adyton::keep {

enum class FileKind : std::uint8_t {
  kNone,
  kInput,
  kOutput,
  kFile,
  kFolder,
  kPipeEnd,
  kEvent,
  kZeros,
  kRandom,
  kHostMemory,
  kTimer,
  kEpoll,
  kSignalSet,  // signalfd(): `object` is the set
  kSocket,     // of the host: `object` is its number
  kPair,       // of socketpair(): two pipes
  kSharedFile  // of the manifest's files.write: `object` is the host's number
};

struct OpenFile {
  FileKind kind = FileKind::kNone;
  bool readable = false, writable = false;
  bool taken = false;            // an entry of the table that is not free
  std::uint32_t references = 0;  // __atomic_: descriptors, and calls that hold it (held.h). 0: nobody may hold it anew
  std::uint32_t flags = 0;       // O_APPEND, O_NONBLOCK
  std::uint32_t position = 0;    // __atomic_, of the offset (position.h): 0 free, 1 taken, 2 taken and waited for
  std::uint32_t uses = 0;        // counts up with each use of what the host polls: may be ready anew
  std::uint64_t offset = 0;
  std::uint64_t object = 0;  // host descriptor, node of the file system, pipe, event, timer, ...
  std::uint64_t id = 0;      // never given twice
};

class Descriptors {
 public:
  static constexpr std::uint64_t kMost = 1024;     // as RLIMIT_NOFILE tells
  static constexpr std::uint64_t kFolder = kMost;  // no descriptor: the slot of chdir()'s folder. Not there: the root
  static constexpr std::uint64_t kMostHeld = 256;  // by calls, and of no descriptor any more

  // No new ones from there on: RLIMIT_NOFILE.
  void limit(std::uint64_t most) { __atomic_store_n(&limit_, most < kMost ? most : kMost, __ATOMIC_RELAXED); }
  void initialise();  // 0, 1 and 2 are the host's streams

  [[nodiscard]] bool has(std::uint64_t descriptor) const;
  [[nodiscard]] bool is_open(std::uint64_t descriptor, std::uint64_t id);  // and of that open file
  // The lowest free number from `least` on; -EMFILE.
  std::int64_t open(const OpenFile& file, bool close_on_exec);
  std::int64_t duplicate(std::uint64_t descriptor, std::uint64_t least, bool close_on_exec);
  // `last`, here and below: a copy of the open file if nobody has it any more, else kind kNone. It is to be forgotten
  // (held.h).
  std::int64_t duplicate_to(std::uint64_t descriptor, std::uint64_t to, bool close_on_exec, OpenFile& last);
  std::int64_t set_folder(const OpenFile& folder, OpenFile& last);
  void share_folder(OpenFile& held, OpenFile& last);  // whose caller holds it
  std::int64_t close(std::uint64_t descriptor, OpenFile& last);
  bool close_on_exec(std::uint64_t descriptor) const { return slots_[descriptor].close_on_exec; }
  void set_close_on_exec(std::uint64_t descriptor, bool value) { slots_[descriptor].close_on_exec = value; }

 private:
  friend class Held;
  // Without a lock: its file, counted once more, which may not be this descriptor's any more.
  OpenFile* count_use(std::uint64_t slot);
  [[nodiscard]] bool is(std::uint64_t slot, const OpenFile& file) const;
  static bool drop_use(OpenFile& file);  // true: nobody has it any more, and free() is due
  void free(OpenFile& file);

  OpenFile* file_of(std::uint64_t slot);
  std::int64_t free_slot(std::uint64_t least) const;
  std::int64_t open_at(std::uint64_t slot, const OpenFile& file, bool close_on_exec);
  void close_locked(std::uint64_t slot, OpenFile& last);
  bool drop_locked(OpenFile& file, OpenFile& last);

  struct Slot {
    std::uint16_t file = 0;  // __atomic_: index + 1
    bool close_on_exec = false;
  };
  void set_slot(std::uint64_t slot, Slot to);

  SpinLock lock_;
  std::uint64_t ids_given_ = 0, limit_ = kMost;
  Slot slots_[kMost + 1]{};
  OpenFile files_[kMost + 1 + kMostHeld]{};
};

}  // namespace adyton::keep
