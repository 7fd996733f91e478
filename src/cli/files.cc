// SPDX-License-Identifier: Apache-2.0
#include "cli/files.h"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/descriptor.h"
#include "base/error.h"

namespace adyton {
namespace {

Result<void> write_all(int fd, BytesView bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("writing {}: {}", name, errno_text(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Result<Bytes> load_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  Descriptor file(path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    const int error = errno;
    if (error == ENOENT) return not_found("{}: no such file", path.string());
    return io_error("opening {}: {}", path.string(), errno_text(error));
  }
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return io_error("{}: {}", path.string(), errno_text(errno));
  if (S_ISDIR(info.st_mode)) return invalid("{} is a folder", path.string());
  Bytes out;
  std::size_t used = 0;
  for (;;) {
    out.resize(std::max<std::size_t>(
        used * 2, std::min<std::uint64_t>(max_bytes, static_cast<std::uint64_t>(info.st_size)) + 4096));
    const ssize_t n = ::read(file.get(), out.data() + used, out.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("reading {}: {}", path.string(), errno_text(errno));
    used += static_cast<std::size_t>(n);
    if (used > max_bytes) return exhausted("{} is larger than {} bytes", path.string(), max_bytes);
    if (n == 0) break;
  }
  out.resize(used);
  return out;
}

Result<void> save_file(const std::filesystem::path& path, BytesView bytes, FileMode mode, Overwrite overwrite) {
  if (path == "-") return write_all(STDOUT_FILENO, bytes, "standard output");
  std::string temporary = path.string() + ".XXXXXX";
  Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.valid()) return io_error("writing {}: {}", path.string(), errno_text(errno));
  const auto give_up = [&](Error error) {
    ::unlink(temporary.c_str());
    return error;
  };
  if (auto written = write_all(file.get(), bytes, path.string()); !written) return give_up(std::move(written).error());
  if (::fchmod(file.get(), static_cast<mode_t>(mode)) != 0)
    return give_up(io_error("{}: {}", path.string(), errno_text(errno)));
  // link() refuses to replace, rename() replaces: each in one step.
  const bool replace = overwrite == Overwrite::kYes;
  if ((replace ? ::rename(temporary.c_str(), path.c_str()) : ::link(temporary.c_str(), path.c_str())) != 0) {
    const int error = errno;
    if (error == EEXIST)
      return give_up(denied("{} is there already; remove it first if it is not needed", path.string()));
    return give_up(io_error("writing {}: {}", path.string(), errno_text(error)));
  }
  if (!replace) ::unlink(temporary.c_str());
  return {};
}

}  // namespace adyton
