// SPDX-License-Identifier: Apache-2.0
// Files of the host that the manifest's files.write lists, or that lie in folders it lists. They stay the host's: it
// sees and changes what is in them, and lists folders as it likes. What is held to here: that nothing else is asked
// for, and that each answer is one that the question can have. Values, or minus errno.
#pragma once

#include <cstdint>

#include "keep/kernel.h"
#include "keep/paths.h"

namespace adyton::keep {

// Makes the entries of files.write in the file system, of which the host is asked whether they are files or folders.
// False: there is no memory for them.
[[nodiscard]] bool add_shared_entries(Kernel& kernel);

// Paths that lead_out() has found.
std::int64_t open_shared(Kernel& kernel, const Path& path, std::uint64_t flags, std::uint64_t mode, OpenFile& file);
std::int64_t describe_shared(const Path& path, bool follow, Node& out);
std::int64_t make_shared_folder(Kernel& kernel, const Path& path, std::uint64_t mode);
std::int64_t remove_shared(const Path& path, bool remove_folder);
std::int64_t rename_shared(const Path& from, const Path& to, std::uint64_t flags);
std::int64_t set_shared_times(const Path& path, Time when);

// Open files of kind kSharedFile, and folders with a host_number.
void close_shared(Kernel& kernel, std::uint64_t number);
std::int64_t read_shared(std::uint64_t number, std::uint64_t offset, void* to, std::uint64_t bytes);
// `offset` may be FileSystem::kAppend. `end`: where what was written ends.
std::int64_t write_shared(std::uint64_t number, std::uint64_t offset, const void* from, std::uint64_t bytes,
                          std::uint64_t& end);
std::int64_t resize_shared(std::uint64_t number, std::uint64_t bytes);
std::int64_t sync_shared(std::uint64_t number, bool only_data);
std::int64_t set_shared_times(std::uint64_t number, Time when);
std::int64_t describe_shared(Kernel& kernel, std::uint64_t number, Node& out);
// struct linux_dirent64, whole ones, from `offset` on, which is then where the next begins.
std::int64_t list_shared(std::uint64_t number, std::uint64_t& offset, std::uint64_t to, std::uint64_t bytes);

// Looks at what the host has put into [to, to + bytes): 0, or -EIO if these are not whole entries with names.
std::int64_t check_entries(unsigned char* to, std::uint64_t bytes, std::uint64_t& next);

struct FileLock {  // struct flock
  std::int16_t type, whence;
  std::int32_t padding;
  std::int64_t start, bytes;
  std::int32_t process, padding_after;
  [[nodiscard]] bool known_type() const;
};

// fcntl() with one of its commands for locks, and flock(): the host's word, which others that run here can heed.
std::int64_t lock_shared(Kernel& kernel, ThreadState& thread, const OpenFile& file, std::uint64_t command,
                         std::uint64_t lock);
std::int64_t call_flock(Kernel& kernel, ThreadState& thread, std::uint64_t fd, std::uint64_t operation);

}  // namespace adyton::keep
