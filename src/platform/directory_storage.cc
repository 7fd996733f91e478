// SPDX-License-Identifier: Apache-2.0
#include "platform/directory_storage.h"

#include <algorithm>
#include <cerrno>
#include <string>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kOpenFiles = 16;  // descriptors kept between calls

Error failed(std::string_view doing, std::string_view name, int error_number) {
  if (error_number == ENOENT) return not_found("{} {}: there is no such file", doing, name);
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) {
    return exhausted("{} {}: {}", doing, name, errno_text(error_number));
  }
  if (error_number == ELOOP) return io_error("{} {}: it is a symbolic link", doing, name);
  return io_error("{} {}: {}", doing, name, errno_text(error_number));
}

// Repeats a call that a signal interrupted.
template <class Call>
auto retried(Call&& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

Error too_large(std::string_view name) { return invalid("{}: a call moves at most {} bytes", name, kStorageCallBytes); }

Result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::absolute(folder, error).parent_path();
  std::filesystem::create_directories(parent, error);
  if (::mkdir(folder.c_str(), 0700) != 0) {
    if (errno == EEXIST) return {};
    return io_error("making it: {}", errno_text(errno));
  }
  const Descriptor above(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!above.valid() || ::fsync(above.get()) != 0)
    return io_error("syncing {}: {}", parent.string(), errno_text(errno));
  return {};
}

}  // namespace

Result<std::shared_ptr<Storage>> DirectoryStorage::open(const std::filesystem::path& folder) {
  const std::string context = fmt::format("opening storage {}", folder.string());
  TRY(make_folder(folder).within(context));
  Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid()) return io_error("{}: {}", context, errno_text(errno));
  if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return io_error("{}: locking it: {}", context, errno_text(errno));
    return unavailable("{}: another program has it open; wait for it to end, or give this one a folder of its own",
                       context);
  }
  return std::shared_ptr<Storage>(std::make_shared<DirectoryStorage>(std::move(descriptor)));
}

Result<std::uint64_t> DirectoryStorage::size(std::string_view name) const {
  const auto file = TRY(open_file(name, false));
  return size_of(*file);
}

Result<Bytes> DirectoryStorage::read(std::string_view name, std::uint64_t offset, std::uint32_t max_bytes) const {
  const auto file = TRY(open_file(name, false));
  if (max_bytes > kStorageCallBytes) return too_large(name);
  const std::uint64_t size = TRY(size_of(*file));
  if (offset >= size) return Bytes();
  Bytes out(std::min<std::uint64_t>(max_bytes, size - offset));
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = retried([&] {
      return ::pread(file->descriptor.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    });
    if (got < 0) return failed("reading", name, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  out.resize(done);
  return out;
}

Result<void> DirectoryStorage::write(std::string_view name, std::uint64_t offset, BytesView bytes, bool sync) {
  if (bytes.size() > kStorageCallBytes) return too_large(name);
  const auto file = TRY(open_file(name, offset == 0));
  const std::uint64_t size = TRY(size_of(*file));
  if (offset > size) return invalid("writing {}: at {}, beyond its end at {}", name, offset, size);
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t put = retried([&] {
      return ::pwrite(file->descriptor.get(), bytes.data() + done, bytes.size() - done,
                      static_cast<off_t>(offset + done));
    });
    if (put < 0) return failed("writing", name, errno);
    done += static_cast<std::size_t>(put);
  }
  if (!sync) return {};
  // A failed sync says nothing about what reached the disk, full or not: never `exhausted`, which promises that nothing
  // was changed.
  if (retried([&] { return ::fdatasync(file->descriptor.get()); }) != 0) {
    return io_error("syncing {}: {}", name, errno_text(errno));
  }
  const std::lock_guard lock(mutex_);
  if (file->name_durable) return {};
  TRY(sync_folder());
  file->name_durable = true;
  return {};
}

Result<void> DirectoryStorage::truncate(std::string_view name, std::uint64_t size) {
  const auto file = TRY(open_file(name, false));
  const std::uint64_t now = TRY(size_of(*file));
  if (size > now) return invalid("cutting {} to {} bytes: it has {}", name, size, now);
  if (retried([&] { return ::ftruncate(file->descriptor.get(), static_cast<off_t>(size)); }) != 0) {
    return failed("cutting", name, errno);
  }
  return {};
}

Result<void> DirectoryStorage::rename(std::string_view from, std::string_view to) {
  TRY(check_storage_name(from));
  TRY(check_storage_name(to));
  const std::lock_guard lock(mutex_);
  const std::string old_name(from), new_name(to);
  if (::renameat(folder_.get(), old_name.c_str(), folder_.get(), new_name.c_str()) != 0) {
    return failed("renaming", from, errno);
  }
  forget(from);
  forget(to);
  return sync_folder();
}

Result<void> DirectoryStorage::remove(std::string_view name) {
  TRY(check_storage_name(name));
  const std::lock_guard lock(mutex_);
  forget(name);
  if (::unlinkat(folder_.get(), std::string(name).c_str(), 0) != 0) return failed("removing", name, errno);
  return sync_folder();
}

Result<std::vector<std::string>> DirectoryStorage::list() const {
  const int copy = ::openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return failed("listing", "the folder", errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(copy), &::closedir);
  if (!entries) {
    const int error_number = errno;
    ::close(copy);
    return failed("listing", "the folder", error_number);
  }
  std::vector<std::string> out;
  errno = 0;
  while (const dirent* entry = ::readdir(entries.get())) {
    struct stat status{};
    const bool regular =
        ::fstatat(folder_.get(), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
    if (regular && check_storage_name(entry->d_name)) out.emplace_back(entry->d_name);
    errno = 0;
  }
  if (errno != 0) return failed("listing", "the folder", errno);
  std::ranges::sort(out);
  return out;
}

// The open file, from those kept or the folder. A call that still uses a file keeps it open, renamed or not.
Result<std::shared_ptr<DirectoryStorage::File>> DirectoryStorage::open_file(std::string_view name, bool make) const {
  TRY(check_storage_name(name));
  const std::lock_guard lock(mutex_);
  const auto kept = std::ranges::find_if(files_, [&](const auto& file) { return file->name == name; });
  if (kept != files_.end()) {
    files_.splice(files_.begin(), files_, kept);
    return files_.front();
  }
  auto file = std::make_shared<File>();
  file->name = name;
  const int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (make ? O_CREAT : 0);
  file->descriptor = Descriptor(retried([&] { return ::openat(folder_.get(), file->name.c_str(), flags, 0600); }));
  if (!file->descriptor.valid()) return failed("opening", name, errno);
  struct stat status{};
  if (::fstat(file->descriptor.get(), &status) != 0) return failed("looking at", name, errno);
  if (!S_ISREG(status.st_mode)) return io_error("opening {}: it is not a regular file", name);
  files_.push_front(file);
  if (files_.size() > kOpenFiles) files_.pop_back();
  return file;
}

Result<std::uint64_t> DirectoryStorage::size_of(const File& file) {
  struct stat status{};
  if (::fstat(file.descriptor.get(), &status) != 0) return failed("looking at", file.name, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

void DirectoryStorage::forget(std::string_view name) {
  std::erase_if(files_, [&](const std::shared_ptr<File>& file) { return file->name == name; });
}

Result<void> DirectoryStorage::sync_folder() const {
  if (retried([&] { return ::fsync(folder_.get()); }) != 0)
    return io_error("syncing the folder: {}", errno_text(errno));
  return {};
}

}  // namespace adyton
