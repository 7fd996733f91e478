// SPDX-License-Identifier: Apache-2.0
#include "keep/shared_files.h"

#include <asm/errno.h>
#include <linux/fcntl.h>

#include "keep/host_files.h"
#include "keep/host_interface.h"

namespace adyton::keep {
namespace {

constexpr std::uint64_t kPage64 = HostPage::kDataBytes;
constexpr std::uint64_t kKind = 0170000, kRegular = 0100000, kFolder = 0040000, kLink = 0120000;  // S_IF
constexpr std::uint64_t kMostOffset = ~std::uint64_t{0} >> 1;

std::int64_t ask(KeepRequest request, std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0) {
  return checked_result(ask_host(request, a, b, c).result, 0);
}

// The path into the host's page, and what kPathInfo and the others call its place.
std::uint64_t put_place(const Path& path) {
  const std::uint64_t bytes = length_of(path.text);
  copy_to_host(current_thread().host_page, path.text, bytes);
  return std::uint64_t{path.entry - 1} << 32 | bytes;
}

std::int64_t take_info(std::uint32_t entry, Node& out) {
  KeepFileInfo info;
  copy_from_host(&info, current_thread().host_page, sizeof(info));
  if (info.size > kMostOffset || info.nanoseconds >= 1'000'000'000) return -EIO;
  out = {};
  out.used = out.parent = 1;  // in some folder
  switch (info.mode & kKind) {
    case kRegular: break;
    case kFolder: out.folder = 1; break;
    case kLink: out.link = 1; break;
    default: return -EACCES;  // devices and the like
  }
  out.mode = info.mode & 07777;
  out.number = info.number;
  out.size = info.size;
  out.changed = {info.seconds, static_cast<std::int64_t>(info.nanoseconds)};
  out.entry = entry;
  return 0;
}

// A slash behind a name wants a folder.
std::int64_t check_slash(const Path& path, std::int64_t if_folder) {
  if (!path.must_be_folder) return 0;
  Node node;
  const std::int64_t error = describe_shared(path, false, node);
  return error < 0 ? error : node.folder != 0 ? if_folder : -ENOTDIR;
}

std::uint64_t word_at(const unsigned char* from, int bytes) {
  std::uint64_t out = 0;
  for (int index = bytes - 1; index >= 0; --index) out = out << 8 | from[index];
  return out;
}

}  // namespace

bool add_shared_entries(Kernel& kernel) {
  Path path;
  for (std::uint32_t index = 0; kernel.manifest.write_path(index, path.text, sizeof(path.text)); ++index) {
    if (make_folders(kernel, path.text) == -ENOSPC) return false;
    Path entry;
    entry.text[0] = 0;
    entry.entry = index + 1;
    // What the host says nothing of stays its own all the same: nothing that is written there is kept in memory.
    Node node;
    const bool folder = describe_shared(entry, true, node) < 0 || node.folder != 0;
    if (kernel.files.add_entry(path.text, index + 1, folder) == -ENOSPC) return false;
  }
  return true;
}

std::int64_t open_shared(Kernel& kernel, const Path& path, std::uint64_t flags, std::uint64_t mode, OpenFile& file) {
  constexpr std::uint64_t kTemporary = O_TMPFILE;
  if ((flags & kTemporary) == kTemporary) return -EOPNOTSUPP;
  flags &= kKeepOpenFlags;
  if (path.must_be_folder) {
    if ((flags & O_CREAT) != 0) return -EISDIR;
    flags |= O_DIRECTORY;
  }
  if (path.text[0] == 0 && (flags & O_CREAT) != 0) {
    if ((flags & O_EXCL) != 0) return -EEXIST;
    flags &= ~std::uint64_t{O_CREAT};
  }
  const std::int64_t taken = kernel.shared.take(path.entry);
  if (taken < 0) return taken;
  const auto number = static_cast<std::uint64_t>(taken);
  const std::uint64_t place = put_place(path);
  std::int64_t opened =
      checked_result(ask_host(KeepRequest::kFileOpen, number, place, (mode & 0777) << 32 | flags).result, 1);
  if (opened < 0) {
    kernel.shared.give_back(number);
    return opened;
  }
  file.kind = FileKind::kSharedFile;
  file.object = number;
  if (opened == 0 && (flags & O_DIRECTORY) != 0) opened = -ENOTDIR;
  if (opened == 1 && (file.writable || (flags & O_CREAT) != 0)) opened = -EISDIR;
  if (opened == 1) {
    opened = kernel.files.make_host_folder(path.entry, path.entry_node, path.text, static_cast<std::uint32_t>(number));
    file.kind = FileKind::kFolder;
    file.object = static_cast<std::uint64_t>(opened);
  }
  if (opened < 0) close_shared(kernel, number);
  return opened < 0 ? opened : 0;
}

void close_shared(Kernel& kernel, std::uint64_t number) {
  ask_host(KeepRequest::kFileClose, number);
  kernel.shared.give_back(number);
}

std::int64_t read_shared(std::uint64_t number, std::uint64_t offset, void* to, std::uint64_t bytes) {
  auto* next = static_cast<unsigned char*>(to);
  std::uint64_t done = 0;
  while (done < bytes && offset + done <= kMostOffset) {
    const std::uint64_t most = bytes - done < kPage64 ? bytes - done : kPage64;
    const std::int64_t given =
        checked_result(ask_host(KeepRequest::kFileRead, number, most, offset + done).result, most);
    if (given < 0) return done > 0 ? static_cast<std::int64_t>(done) : given;
    copy_from_host(next + done, current_thread().host_page, static_cast<std::uint64_t>(given));
    done += static_cast<std::uint64_t>(given);
    if (static_cast<std::uint64_t>(given) < most) break;
  }
  return static_cast<std::int64_t>(done);
}

std::int64_t write_shared(std::uint64_t number, std::uint64_t offset, const void* from, std::uint64_t bytes,
                          std::uint64_t& end) {
  const auto* next = static_cast<const unsigned char*>(from);
  const bool at_end = offset == FileSystem::kAppend;
  if (!at_end && (offset > kMostOffset || bytes > kMostOffset - offset)) return -EFBIG;
  std::uint64_t done = 0;
  if (!at_end) end = offset;
  while (done < bytes) {
    const std::uint64_t part = bytes - done < kPage64 ? bytes - done : kPage64;
    copy_to_host(current_thread().host_page, next + done, part);
    const RawAnswer answer = ask_host(KeepRequest::kFileWrite, number, part, at_end ? kKeepAtEnd : offset + done);
    std::int64_t taken = checked_result(answer.result, part);
    if (taken > 0 && at_end && (answer.b > kMostOffset || answer.b < done + static_cast<std::uint64_t>(taken))) {
      taken = -EIO;
    }
    if (taken < 0) return done > 0 ? static_cast<std::int64_t>(done) : taken;
    done += static_cast<std::uint64_t>(taken);
    if (taken > 0) end = at_end ? answer.b : offset + done;
    if (static_cast<std::uint64_t>(taken) < part) break;
  }
  return static_cast<std::int64_t>(done);
}

std::int64_t resize_shared(std::uint64_t number, std::uint64_t bytes) {
  return ask(KeepRequest::kFileResize, number, bytes);
}

std::int64_t sync_shared(std::uint64_t number, bool only_data) {
  return ask(KeepRequest::kFileSync, number, only_data ? 1 : 0);
}

std::int64_t set_shared_times(std::uint64_t number, Time when) {
  return ask(KeepRequest::kFileTimes, number, static_cast<std::uint64_t>(when.seconds),
             static_cast<std::uint64_t>(when.nanoseconds));
}

std::int64_t set_shared_times(const Path& path, Time when) {
  if (const std::int64_t error = check_slash(path, 0); error < 0) return error;
  return ask(KeepRequest::kPathTimes, put_place(path), static_cast<std::uint64_t>(when.seconds),
             static_cast<std::uint64_t>(when.nanoseconds));
}

std::int64_t describe_shared(Kernel& kernel, std::uint64_t number, Node& out) {
  const std::int64_t error = ask(KeepRequest::kFileInfo, number);
  return error < 0 ? error : take_info(kernel.shared.entry_of(number), out);
}

std::int64_t describe_shared(const Path& path, bool follow, Node& out) {
  std::int64_t error = ask(KeepRequest::kPathInfo, put_place(path));
  if (error == 0) error = take_info(path.entry, out);
  if (error < 0) return error;
  if (out.link != 0 && (follow || path.must_be_folder)) return -ELOOP;
  return path.must_be_folder && out.folder == 0 ? -ENOTDIR : 0;
}

std::int64_t make_shared_folder(Kernel& kernel, const Path& path, std::uint64_t mode) {
  if (path.text[0] == 0) return -EEXIST;
  return ask(KeepRequest::kMakeFolder, put_place(path), mode & 0777 & ~std::uint64_t{kernel.mode_mask});
}

std::int64_t remove_shared(const Path& path, bool remove_folder) {
  if (path.text[0] == 0) return -EBUSY;
  if (!remove_folder) {
    if (const std::int64_t error = check_slash(path, -EISDIR); error < 0) return error;
  }
  return ask(KeepRequest::kRemove, put_place(path), remove_folder ? AT_REMOVEDIR : 0);
}

std::int64_t rename_shared(const Path& from, const Path& to, std::uint64_t flags) {
  if (from.entry != to.entry) return -EXDEV;
  if (from.text[0] == 0 || to.text[0] == 0) return -EBUSY;
  if (from.must_be_folder || to.must_be_folder) {
    Node node;
    if (const std::int64_t error = describe_shared(from, false, node); error < 0) return error;
    if (node.folder == 0) return -ENOTDIR;
  }
  const std::uint64_t place = put_place(from), bytes = length_of(from.text), more = length_of(to.text);
  // The page takes words: the end of the first and the beginning of the second may share one.
  unsigned char seam[8];
  const std::uint64_t whole = bytes & ~std::uint64_t{7}, left = bytes - whole;
  const std::uint64_t first = more < 8 - left ? more : 8 - left;
  __builtin_memcpy(seam, from.text + whole, left);
  __builtin_memcpy(seam + left, to.text, first);
  copy_to_host(current_thread().host_page + whole, seam, left + first);
  if (more > first) copy_to_host(current_thread().host_page + whole + 8, to.text + first, more - first);
  return ask(KeepRequest::kRename, place, more, flags);
}

std::int64_t check_entries(unsigned char* to, std::uint64_t bytes, std::uint64_t& next) {
  constexpr std::uint64_t kHead = 19;  // inode (8), offset (8), length (2), type (1)
  std::uint64_t done = 0;
  while (done < bytes) {
    unsigned char* const entry = to + done;
    if (bytes - done < kHead + 2) return -EIO;
    const std::uint64_t offset = word_at(entry + 8, 8), length = word_at(entry + 16, 2);
    if (length < kHead + 2 || length % 8 != 0 || length > bytes - done || offset > kMostOffset) return -EIO;
    std::uint64_t size = 0;
    const unsigned char* const name = entry + kHead;
    for (; kHead + size < length && name[size] != 0; ++size) {
      if (name[size] == '/' || size == kMostName) return -EIO;
    }
    if (size == 0 || kHead + size == length) return -EIO;
    constexpr unsigned char kIsFolder = 4, kIsFile = 8, kIsLink = 10;  // DT_
    if (entry[18] != kIsFolder && entry[18] != kIsFile && entry[18] != kIsLink) entry[18] = 0;
    next = offset;
    done += length;
  }
  return 0;
}

std::int64_t list_shared(std::uint64_t number, std::uint64_t& offset, std::uint64_t to, std::uint64_t bytes) {
  const std::uint64_t most = (bytes < kPage64 ? bytes : kPage64) & ~std::uint64_t{7};
  const std::int64_t given = checked_result(ask_host(KeepRequest::kFolderList, number, most, offset).result, most);
  if (given <= 0) return given;
  const auto count = static_cast<std::uint64_t>(given);
  copy_from_host(at<void>(to), current_thread().host_page, count);
  std::uint64_t next = offset;
  if (const std::int64_t error = check_entries(at<unsigned char>(to), count, next); error < 0) {
    __builtin_memset(at<void>(to), 0, count);
    return error;
  }
  offset = next;
  return given;
}

}  // namespace adyton::keep
