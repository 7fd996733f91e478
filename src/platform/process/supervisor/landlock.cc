// SPDX-License-Identifier: Apache-2.0
// The Landlock layer (enclave.h). Rights by ABI: landlock(7) and Documentation/userspace-api/landlock.rst of Linux.
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/process/supervisor/enclave.h"
#include "platform/process/supervisor/sys.h"

namespace adyton::supervisor {
namespace {

// Bits of LANDLOCK_ACCESS_FS_*; the later ones are not in the C library's headers yet.
constexpr std::uint64_t kWriteFile = 1 << 1, kReadFile = 1 << 2, kReadFolder = 1 << 3, kRemoveFolder = 1 << 4,
                        kRemoveFile = 1 << 5, kMakeFolder = 1 << 7, kMakeRegular = 1 << 8, kRefer = 1 << 13,
                        kTruncate = 1 << 14;
constexpr std::uint64_t kFilesOfAbi1 = (1 << 13) - 1, kFilesOfAbi2 = (1 << 14) - 1, kFilesOfAbi3 = (1 << 15) - 1,
                        kFilesOfAbi5 = (1 << 16) - 1;
constexpr std::uint64_t kBindTcp = 1 << 0, kConnectTcp = 1 << 1;  // LANDLOCK_ACCESS_NET_*, ABI 4
constexpr std::uint64_t kScopeAll = 3;                            // abstract sockets and signals, ABI 6
constexpr std::uint64_t kRightsOfOneFile = kWriteFile | kReadFile | kTruncate;

constexpr std::uint64_t kReading = kReadFile | kReadFolder;
constexpr std::uint64_t kWriting =
    kReading | kWriteFile | kTruncate | kRemoveFile | kRemoveFolder | kMakeRegular | kMakeFolder | kRefer;

std::uint64_t files_of(int abi) {
  return abi >= 5 ? kFilesOfAbi5 : abi >= 3 ? kFilesOfAbi3 : abi >= 2 ? kFilesOfAbi2 : kFilesOfAbi1;
}

int allow_path(int ruleset, const char* path, std::uint64_t access) {
  const int file = ::open(path, O_PATH | O_CLOEXEC);
  if (file < 0) return -errno;
  struct stat info{};
  int error = ::fstat(file, &info) == 0 ? 0 : -errno;
  if (!S_ISDIR(info.st_mode)) access &= kRightsOfOneFile;
  if (error == 0) error = landlock_allow_path(ruleset, file, access);
  ::close(file);
  return error;
}

int restrict_self(const ReceivedOrders& orders, int abi) {
  LandlockAccess handled{.files = files_of(abi)};
  if (abi >= 4) handled.network = kBindTcp | kConnectTcp;
  if (abi >= 6) handled.scoped = kScopeAll;
  const int ruleset = landlock_create(handled, abi);
  if (ruleset < 0) return ruleset;
  int error = 0;
  for (char** path = orders.read_paths; error == 0 && *path != nullptr; ++path) {
    error = allow_path(ruleset, *path, kReading & handled.files);
  }
  for (char** path = orders.write_paths; error == 0 && *path != nullptr; ++path) {
    error = allow_path(ruleset, *path, kWriting & handled.files);
  }
  for (std::uint32_t i = 0; error == 0 && handled.network != 0 && i < orders.header.connect_ports; ++i) {
    error = landlock_allow_port(ruleset, orders.connect_ports[i], kConnectTcp);
  }
  for (std::uint32_t i = 0; error == 0 && handled.network != 0 && i < orders.header.listen_ports; ++i) {
    error = landlock_allow_port(ruleset, orders.listen_ports[i], kBindTcp);
  }
  if (error == 0) error = landlock_restrict(ruleset);
  ::close(ruleset);
  return error;
}

}  // namespace

void restrict_with_landlock(const ReceivedOrders& orders, HostLink& host) {
  const int abi = landlock_abi();
  const int error = abi < 0 ? abi : restrict_self(orders, abi);
  host.layer(Layer::kLandlock, error, abi);
  // An older kernel has the first layer but not these.
  const int missing = error != 0 ? error : -EOPNOTSUPP;
  host.layer(Layer::kLandlockNetwork, abi >= 4 && error == 0 ? 0 : missing);
  host.layer(Layer::kLandlockScope, abi >= 6 && error == 0 ? 0 : missing);
}

}  // namespace adyton::supervisor
