// SPDX-License-Identifier: Apache-2.0
#include "platform/process/sealed_file.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/error.h"

namespace adyton {
namespace {

constexpr unsigned kExecutableFlag = 0x10;  // MFD_EXEC, Linux 6.3
constexpr int kSealMode = 0x20;             // F_SEAL_EXEC, Linux 6.3
constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
constexpr int kFirstNumber = 10;

Result<Descriptor> make_file(const std::string& name, bool executable) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  Descriptor file(::memfd_create(name.c_str(), executable ? flags | kExecutableFlag : flags));
  if (!file.valid() && errno == EINVAL) file = Descriptor(::memfd_create(name.c_str(), flags));
  if (!file.valid() && errno == EACCES) {
    return unavailable("this machine forbids executable memory files; set the sysctl vm.memfd_noexec to 0 or 1");
  }
  if (!file.valid()) return io_error("memfd_create: {}", errno_text(errno));
  return file;
}

}  // namespace

Result<Descriptor> make_sealed_file(const std::string& name, BytesView bytes, mode_t mode) {
  Descriptor file = TRY(make_file(name, (mode & S_IXUSR) != 0));
  for (std::size_t written = 0; written < bytes.size();) {
    const ssize_t size = ::write(file.get(), bytes.data() + written, bytes.size() - written);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return io_error("copying {} bytes into memory file {}: {}", bytes.size(), name, errno_text(errno));
    written += static_cast<std::size_t>(size);
  }
  if (::fchmod(file.get(), mode) != 0) return io_error("permissions of memory file {}: {}", name, errno_text(errno));
  if (::fcntl(file.get(), F_ADD_SEALS, kSeals | kSealMode) != 0 && ::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) {
    return io_error("sealing memory file {}: {}", name, errno_text(errno));
  }
  Descriptor moved(::fcntl(file.get(), F_DUPFD_CLOEXEC, kFirstNumber));
  if (!moved.valid()) return io_error("memory file {}: {}", name, errno_text(errno));
  return moved;
}

}  // namespace adyton
