// SPDX-License-Identifier: Apache-2.0
// Files in the enclave's own memory, gone when it ends: a tree of folders, files and symbolic links, each file and
// each link's target one piece of heap. No hard links, no owners; modes are kept and not looked at. Each function locks
// for itself and returns a value or minus errno. Some nodes are the host's (shared_files.h): no path goes on behind
// them here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "keep/clock.h"
#include "keep/page_allocator.h"
#include "keep/spin_lock.h"

namespace adyton::keep {

inline constexpr std::size_t kMostPath = 4096, kMostName = 255;

struct Node {
  std::uint32_t used = 0, folder = 0, link = 0, mode = 0, opens = 0;
  std::uint32_t parent = 0, first = 0;   // indices; 0: none. An unlinked node has no parent
  std::uint32_t next = 0, previous = 0;  // in its folder
  std::uint32_t next_alike = 0;          // whose name and folder have the same hash
  std::uint32_t told = 0;                // of a folder: what entry() found last, to go on from there
  std::uint64_t number = 0;              // inode number, never given twice
  std::uint64_t linked = 0;              // turn in which it got into its folder: the folder's list descends
  std::uint64_t data = 0, capacity = 0, size = 0;
  Time changed;
  std::uint32_t listed = 0;       // in the manifest's sgx.file_sha256, from 1 on: not read yet (host_files.h)
  std::uint32_t entry = 0;        // of the manifest's files.write, from 1 on: it is the host's. 0: it is not
  std::uint32_t entry_node = 0;   // of an open folder below an entry: the entry's node; `data` is the path from there
  std::uint32_t host_number = 0;  // of such a folder: under which the host has it
  char name[kMostName + 1]{};
};

// Where a path leads out of this file system.
struct WayOut {
  std::uint32_t entry = 0;  // 0: it does not
  std::uint32_t entry_node = 0;
  bool must_be_folder = false;
  char rest[kMostPath];  // names with one slash between two, none "." or ".."
};

class FileSystem {
 public:
  static constexpr std::uint32_t kRoot = 1, kMostNodes = 1 << 16;
  static constexpr std::uint64_t kAppend = ~std::uint64_t{0};  // write()s offset: the end

  // Makes the root, /tmp, /dev and /dev/shm. The allocator is used under its lock.
  [[nodiscard]] bool initialise(PageAllocator& memory, SpinLock& memory_lock);

  // The node of `path`, which is relative to `folder` unless it begins with a slash. `follow`: a link at its end is
  // where that leads.
  std::int64_t find(std::uint32_t folder, const char* path, bool follow = true);
  // As open(2) with `flags`: the node, whose opens counts one more.
  std::int64_t open(std::uint32_t folder, const char* path, std::uint32_t flags, std::uint32_t mode, Time now);
  void close(std::uint32_t node);
  std::int64_t make_folder(std::uint32_t folder, const char* path, std::uint32_t mode, Time now);
  std::int64_t make_link(std::uint32_t folder, const char* path, const char* target, Time now);
  // What a link says, without a zero byte; -EINVAL if it is none.
  std::int64_t target_of(std::uint32_t folder, const char* path, char* to, std::uint64_t room);
  // Makes `path`, whose folders are there, an entry of the host's. -EBUSY: it is below one.
  std::int64_t add_entry(const char* path, std::uint32_t entry, bool folder);
  // Fills in `out`: that it does not lead out is no error. `..` goes back by the text of the path.
  std::int64_t find_way_out(std::uint32_t folder, const char* path, bool follow, WayOut& out);
  // A folder of the host that is open, once, from which paths may begin.
  std::int64_t make_host_folder(std::uint32_t entry, std::uint32_t entry_node, const char* rest,
                                std::uint32_t host_number);
  // A file in no folder, open once.
  std::int64_t make_nameless(std::uint32_t mode, Time now);
  // An empty file in whose place is one that the manifest lists; -EEXIST, and whatever else keeps it from being there.
  std::int64_t make_listed(const char* path, std::uint32_t listed);
  // What the nameless file `from` has in it is its from now on; nothing if it is listed no more.
  void fill_listed(std::uint32_t node, std::uint32_t from);
  std::int64_t remove(std::uint32_t folder, const char* path, bool remove_folder);
  std::int64_t rename(std::uint32_t from_folder, const char* from, std::uint32_t to_folder, const char* to,
                      bool replace);

  std::int64_t read(std::uint32_t node, std::uint64_t offset, void* to, std::uint64_t bytes);
  // `end`: where what was written ends.
  std::int64_t write(std::uint32_t node, std::uint64_t offset, const void* from, std::uint64_t bytes,
                     std::uint64_t* end = nullptr);
  std::int64_t resize(std::uint32_t node, std::uint64_t bytes);
  // A copy of what is known of it.
  std::int64_t describe(std::uint32_t node, Node& out);
  void set_mode(std::uint32_t node, std::uint32_t mode);
  void set_changed(std::uint32_t node, Time when);
  // The entry of a folder, besides "." and "..", that got there last before turn `before`: its node, or 0 at the end.
  std::int64_t entry(std::uint32_t folder, std::uint64_t before, Node& out);
  static constexpr std::uint64_t kFirstTurn = 3;
  // The absolute path with its zero byte; its length with that.
  std::int64_t path_of(std::uint32_t folder, char* to, std::size_t room);

 private:
  struct Place {  // where a path leads: its last name in a folder, and the node if there is one
    std::uint32_t folder = 0, node = 0;
    char name[kMostName + 1]{};
    bool must_be_folder = false;
  };
  Node& at_index(std::uint32_t index) const;
  static constexpr int kMostLinks = 40;  // on the way of one path
  std::int64_t walk(std::uint32_t folder, const char* path, Place& place, bool follow, WayOut* out = nullptr);
  bool climbs_over(std::uint32_t& here, const char*& path) const;
  std::int64_t walk_out(std::uint32_t here, const char* path, WayOut& out) const;
  std::int64_t new_node();
  std::uint32_t child(std::uint32_t folder, const char* name) const;
  std::int64_t add(const Place& place, bool folder, std::uint32_t mode, Time now);
  void attach(std::uint32_t node, std::uint32_t folder);
  void detach(std::uint32_t node);
  std::uint32_t& first_alike(std::uint32_t folder, const char* name) const;
  bool grow();
  void drop_if_unused(std::uint32_t node);
  std::int64_t reserve(Node& node, std::uint64_t bytes);
  std::int64_t set_text(Node& node, const char* text);  // as its content, without the zero

  PageAllocator* memory_ = nullptr;
  SpinLock* memory_lock_ = nullptr;
  SpinLock lock_;
  std::uint64_t nodes_ = 0;  // address of the table, and of that of hashes behind it
  std::uint32_t count_ = 0, capacity_ = 0, free_ = 0, entries_ = 0;
  std::uint64_t numbers_given_ = 0, turns_given_ = 0;
};

}  // namespace adyton::keep
