// SPDX-License-Identifier: Apache-2.0
#include "platform/private_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

constexpr std::size_t kMostBytes = 64 << 10;
constexpr unsigned kOthers = S_IRWXG | S_IRWXO;

// That this user owns it and no other may use it in the ways of `forbidden_mode`.
Result<void> check_owner(const std::string& path, const struct stat& info, unsigned forbidden_mode,
                         unsigned good_mode) {
  if (info.st_uid != ::geteuid()) {
    return denied(
        "{} belongs to user {}, not to user {}: run as its owner, or set XDG_DATA_HOME to a folder of your own", path,
        info.st_uid, ::geteuid());
  }
  if ((info.st_mode & forbidden_mode) != 0) {
    return denied("others can reach {} (mode {:04o}): if nobody has, chmod {:o} it; if somebody may have, remove it",
                  path, info.st_mode & 07777u, good_mode);
  }
  return {};
}

Result<void> write_all(int fd, BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return io_error("write: {}", errno_text(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

Result<PrivateFolder> PrivateFolder::open(std::filesystem::path path) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) return io_error("making {}: {}", path.parent_path().string(), error.message());
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return io_error("making {}: {}", path.string(), errno_text(errno));
  }
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info{};
  if (!folder.valid() || ::fstat(folder.get(), &info) != 0) {
    return io_error("opening the folder {}: {}", path.string(), errno_text(errno));
  }
  TRY(check_owner(path.string(), info, kOthers, S_IRWXU));
  return PrivateFolder(std::move(path), std::move(folder));
}

Result<std::optional<Secret>> PrivateFolder::read_file(std::string_view name, unsigned forbidden_mode) const {
  const std::string path = (path_ / name).string();
  const Descriptor file(
      ::openat(folder_.get(), std::string(name).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.valid() && errno == ENOENT) return std::optional<Secret>();
  struct stat info{};
  if (!file.valid() || ::fstat(file.get(), &info) != 0) return io_error("opening {}: {}", path, errno_text(errno));
  if (!S_ISREG(info.st_mode)) return denied("{} is not a regular file", path);
  TRY(check_owner(path, info, forbidden_mode, S_IRUSR | S_IWUSR));
  if (info.st_size < 0 || static_cast<std::uint64_t>(info.st_size) > kMostBytes)
    return invalid("{} is too large", path);
  Secret contents(static_cast<std::size_t>(info.st_size));
  std::size_t done = 0;
  while (done < contents.size()) {
    const auto rest = contents.expose_mutable().subspan(done);
    const ssize_t count = ::read(file.get(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return io_error("reading {}: {}", path, count == 0 ? "it was cut short" : errno_text(errno));
    done += static_cast<std::size_t>(count);
  }
  return std::optional<Secret>(std::move(contents));
}

Result<std::optional<Secret>> PrivateFolder::read(std::string_view name) const { return read_file(name, kOthers); }

Result<std::string> PrivateFolder::write_new(std::string_view name, BytesView contents, unsigned mode) const {
  std::array<std::byte, 8> random;
  TRY(random_bytes(random));
  std::string temporary = fmt::format(".{}.{}", name, to_hex(random));
  const auto write = [&]() -> Result<void> {
    const Descriptor file(
        ::openat(folder_.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!file.valid()) return io_error("{}", errno_text(errno));
    TRY(write_all(file.get(), contents));
    if (::fsync(file.get()) != 0) return io_error("fsync: {}", errno_text(errno));
    return {};
  };
  if (auto written = write(); !written) {
    ::unlinkat(folder_.get(), temporary.c_str(), 0);
    return std::move(written).error().within("writing " + (path_ / name).string());
  }
  return temporary;
}

Result<void> PrivateFolder::add(std::string_view name, BytesView contents) const {
  const std::string temporary = TRY(write_new(name, contents, S_IRUSR | S_IWUSR));
  // A link, unlike a rename, does not replace what another process has made in the meantime.
  const int linked = ::linkat(folder_.get(), temporary.c_str(), folder_.get(), std::string(name).c_str(), 0);
  const int error = errno;
  ::unlinkat(folder_.get(), temporary.c_str(), 0);
  if (linked != 0 && error != EEXIST) return io_error("making {}: {}", (path_ / name).string(), errno_text(error));
  if (::fsync(folder_.get()) != 0) return io_error("fsync of {}: {}", path_.string(), errno_text(errno));
  return {};
}

Result<void> PrivateFolder::publish(std::string_view name, BytesView contents) const {
  const auto present = read_file(name, S_IWGRP | S_IWOTH);
  if (present && *present && std::ranges::equal((*present)->expose(), contents)) return {};
  const std::string temporary = TRY(write_new(name, contents, 0644));
  if (::renameat(folder_.get(), temporary.c_str(), folder_.get(), std::string(name).c_str()) == 0) return {};
  const int error = errno;
  ::unlinkat(folder_.get(), temporary.c_str(), 0);
  return io_error("making {}: {}", (path_ / name).string(), errno_text(error));
}

}  // namespace adyton
