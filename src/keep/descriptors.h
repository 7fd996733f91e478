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
  std::uint32_t references = 0;  // descriptors
  std::uint32_t flags = 0;       // O_APPEND, O_NONBLOCK
  std::uint64_t offset = 0;
  std::uint64_t object = 0;  // host descriptor, node of the file system, pipe, event, timer, ...
  std::uint64_t id = 0;      // never given twice
  std::uint32_t uses = 0;    // counts up with each use of what the host polls: may be ready anew
};

class Descriptors {
 public:
  static constexpr std::uint64_t kMost = 1024;  // as RLIMIT_NOFILE tells

  void initialise();  // 0, 1 and 2 are the host's streams

  // nullptr: EBADF. Not locked: what one thread closes while another uses it, the other may find to be something else.
  OpenFile* find(std::uint64_t descriptor);
  // The lowest free number from `least` on; -EMFILE.
  std::int64_t open(const OpenFile& file, bool close_on_exec);
  std::int64_t duplicate(std::uint64_t descriptor, std::uint64_t least, bool close_on_exec);
  std::int64_t duplicate_to(std::uint64_t descriptor, std::uint64_t to, bool close_on_exec, OpenFile& last);
  // `last`: a copy of the open file if this was its last descriptor, else kind kNone.
  std::int64_t close(std::uint64_t descriptor, OpenFile& last);
  bool close_on_exec(std::uint64_t descriptor) const { return slots_[descriptor].close_on_exec; }
  void set_close_on_exec(std::uint64_t descriptor, bool value) { slots_[descriptor].close_on_exec = value; }

 private:
  std::int64_t free_slot(std::uint64_t least) const;
  std::int64_t close_locked(std::uint64_t descriptor, OpenFile& last);

  struct Slot {
    std::uint16_t file;  // index + 1
    bool close_on_exec;
  };
  SpinLock lock_;
  std::uint64_t ids_given_ = 0;
  Slot slots_[kMost]{};
  OpenFile files_[kMost]{};
};

}  // namespace adyton::keep
