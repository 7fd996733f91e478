// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/host_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "image/manifest.h"

namespace adyton {
namespace {

std::uint64_t failure(int error) { return static_cast<std::uint64_t>(-static_cast<std::int64_t>(error)); }
std::uint64_t result(ssize_t value) { return value < 0 ? failure(errno) : static_cast<std::uint64_t>(value); }

static_assert(kKeepOpenFlags == (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_DIRECTORY | O_DSYNC | O_SYNC));
constexpr int kAlways = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;  // who opens a pipe does not wait for its other end

std::string_view text_in(std::span<const std::uint8_t> page, std::uint64_t from, std::uint64_t bytes) {
  if (from > page.size() || bytes > page.size() - from) return "//";  // which is nothing's path
  const void* text = page.data() + from;
  return {static_cast<const char*>(text), bytes};
}

std::uint64_t put_info(const struct stat& found, std::span<std::uint8_t> page) {
  const KeepFileInfo info{.mode = found.st_mode,
                          .number = found.st_ino,
                          .size = static_cast<std::uint64_t>(found.st_size),
                          .seconds = found.st_mtim.tv_sec,
                          .nanoseconds = static_cast<std::uint64_t>(found.st_mtim.tv_nsec)};
  std::memcpy(page.data(), &info, sizeof(info));
  return 0;
}

struct Times {
  timespec both[2];
  Times(std::uint64_t seconds, std::uint64_t nanoseconds) {
    both[0] = both[1] = {static_cast<time_t>(seconds), static_cast<long>(nanoseconds)};
  }
};

std::uint64_t write(int file, std::span<const std::uint8_t> bytes, std::uint64_t offset, std::uint64_t& end) {
  if (offset != kKeepAtEnd) return result(::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset)));
  const iovec all{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  const ssize_t written = ::pwritev2(file, &all, 1, 0, RWF_APPEND);
  struct stat info{};
  if (written < 0 || ::fstat(file, &info) != 0) return failure(errno);
  end = static_cast<std::uint64_t>(info.st_size);
  return static_cast<std::uint64_t>(written);
}

std::uint64_t lock(int file, std::uint64_t command, std::span<std::uint8_t> page) {
  if (command != F_GETLK && command != F_SETLK && command != F_OFD_GETLK && command != F_OFD_SETLK) {
    return failure(EINVAL);
  }
  struct flock asked{};
  std::memcpy(&asked, page.data(), sizeof(asked));
  const int done = ::fcntl(file, static_cast<int>(command), &asked);
  std::memcpy(page.data(), &asked, sizeof(asked));
  return result(done);
}

std::uint64_t list(int folder, std::span<std::uint8_t> bytes, std::uint64_t offset) {
  if (::lseek(folder, static_cast<off_t>(offset), SEEK_SET) < 0) return failure(errno);
  return result(::getdents64(folder, bytes.data(), bytes.size()));
}

}  // namespace

KeepFiles KeepFiles::of(const Manifest& manifest) {
  KeepFiles out{.read = {}, .write = manifest.files.write};
  constexpr std::size_t kDigest = 65;  // and a space
  for (const std::string& file : manifest.sgx.file_sha256) out.read.push_back(file.substr(kDigest));
  return out;
}

HostFiles::Place HostFiles::find(std::uint64_t entry, std::string_view path) const {
  Place out;
  const auto fail = [&](int error) {
    out.error = error;
    return std::move(out);
  };
  if (entry >= files_.write.size()) return fail(EACCES);
  out.entry = &files_.write[entry];
  out.folder = Descriptor(::open(out.entry->c_str(), O_PATH | O_CLOEXEC));
  if (!out.folder.valid()) return fail(errno);
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    out.name = path.substr(0, slash);
    if (out.name.empty() || out.name == "." || out.name == ".." || out.name.contains('\0')) return fail(EINVAL);
    if (slash == path.npos) break;
    path.remove_prefix(slash + 1);
    if (path.empty()) return fail(EINVAL);
    out.folder =
        Descriptor(::openat(out.folder.get(), out.name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!out.folder.valid()) return fail(errno);
  }
  return out;
}

std::uint64_t HostFiles::read_whole(std::string_view path, std::uint64_t offset, std::span<std::uint8_t> page) const {
  const auto listed = std::ranges::find(files_.read, path);
  if (listed == files_.read.end()) return failure(EACCES);
  const Descriptor file(::open(listed->c_str(), O_RDONLY | kAlways));
  if (!file.valid()) return failure(errno);
  return result(::pread(file.get(), page.data(), page.size(), static_cast<off_t>(offset)));
}

std::uint64_t HostFiles::open(std::uint64_t number, const Place& place, std::uint64_t mode_and_flags) {
  const std::uint64_t flags = mode_and_flags & 0xffffffff, mode = mode_and_flags >> 32;
  if (place.error != 0) return failure(place.error);
  if ((flags & ~kKeepOpenFlags) != 0 || mode > 0777) return failure(EINVAL);
  int opened = -1;
  if (place.name.empty()) {
    if ((flags & O_CREAT) != 0) return failure(EISDIR);
    opened = ::open(place.entry->c_str(), static_cast<int>(flags) | kAlways);
  } else {
    opened = ::openat(place.folder.get(), place.name.c_str(), static_cast<int>(flags) | kAlways | O_NOFOLLOW,
                      static_cast<mode_t>(mode));
  }
  if (opened < 0) return failure(errno);
  auto file = std::make_shared<const Descriptor>(opened);
  struct stat info{};
  if (::fstat(opened, &info) != 0) return failure(errno);
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return failure(EACCES);
  const std::scoped_lock locked(mutex_);
  open_[number] = std::move(file);
  return S_ISDIR(info.st_mode) ? 1 : 0;
}

std::uint64_t HostFiles::request(KeepRequest request, std::uint64_t a, std::uint64_t b, std::uint64_t c,
                                 std::span<std::uint8_t> page, std::uint64_t& second) {
  if (request == KeepRequest::kReadFile) return read_whole(text_in(page, 0, a), b, page);
  if (request >= KeepRequest::kPathInfo && request <= KeepRequest::kRename) return path_request(request, a, b, c, page);
  if (request == KeepRequest::kFileOpen) return open(a, find(b >> 32, text_in(page, 0, b & 0xffffffff)), c);
  Shared held;
  {
    const std::scoped_lock locked(mutex_);
    const auto found = open_.find(a);
    if (found == open_.end()) return failure(EBADF);
    held = found->second;
    if (request == KeepRequest::kFileClose) open_.erase(found);
  }
  return request == KeepRequest::kFileClose ? 0 : open_request(request, held->get(), b, c, page, second);
}

std::uint64_t HostFiles::open_request(KeepRequest request, int file, std::uint64_t b, std::uint64_t c,
                                      std::span<std::uint8_t> page, std::uint64_t& second) {
  const std::span<std::uint8_t> bytes = page.first(std::min<std::uint64_t>(b, page.size()));
  switch (request) {
    case KeepRequest::kFileRead: return result(::pread(file, bytes.data(), bytes.size(), static_cast<off_t>(c)));
    case KeepRequest::kFileWrite: return write(file, bytes, c, second);
    case KeepRequest::kFileResize: return result(::ftruncate(file, static_cast<off_t>(b)));
    case KeepRequest::kFileSync: return result(b == 1 ? ::fdatasync(file) : ::fsync(file));
    case KeepRequest::kFileTimes: return result(::futimens(file, Times(b, c).both));
    case KeepRequest::kFileLock: return lock(file, b, page);
    case KeepRequest::kFileFlock: return result(::flock(file, static_cast<int>(b) | LOCK_NB));
    case KeepRequest::kFileInfo: {
      struct stat info{};
      return ::fstat(file, &info) != 0 ? failure(errno) : put_info(info, page);
    }
    case KeepRequest::kFolderList: return list(file, bytes, c);
    default: return failure(ENOSYS);
  }
}

std::uint64_t HostFiles::path_request(KeepRequest request, std::uint64_t at, std::uint64_t b, std::uint64_t c,
                                      std::span<std::uint8_t> page) const {
  const std::uint64_t entry = at >> 32, bytes = at & 0xffffffff;
  const Place place = find(entry, text_in(page, 0, bytes));
  if (place.error != 0) return failure(place.error);
  const int folder = place.folder.get();
  const char* const name = place.name.c_str();
  const bool itself = place.name.empty();
  switch (request) {
    case KeepRequest::kPathInfo: {
      struct stat info{};
      const int how = AT_SYMLINK_NOFOLLOW | (itself ? AT_EMPTY_PATH : 0);
      return ::fstatat(folder, name, &info, how) != 0 ? failure(errno) : put_info(info, page);
    }
    case KeepRequest::kPathTimes:
      return result(itself ? ::utimensat(AT_FDCWD, place.entry->c_str(), Times(b, c).both, 0)
                           : ::utimensat(folder, name, Times(b, c).both, AT_SYMLINK_NOFOLLOW));
    case KeepRequest::kMakeFolder:
      if (itself || b > 0777) return failure(EINVAL);
      return result(::mkdirat(folder, name, static_cast<mode_t>(b)));
    case KeepRequest::kRemove:
      if (itself || (b != 0 && b != AT_REMOVEDIR)) return failure(EINVAL);
      return result(::unlinkat(folder, name, static_cast<int>(b)));
    case KeepRequest::kRename: {
      const Place to = find(entry, text_in(page, bytes, b));
      if (to.error != 0) return failure(to.error);
      if (itself || to.name.empty() || (c != 0 && c != RENAME_NOREPLACE)) return failure(EINVAL);
      return result(::renameat2(folder, name, to.folder.get(), to.name.c_str(), static_cast<unsigned>(c)));
    }
    default: return failure(ENOSYS);
  }
}

}  // namespace adyton
