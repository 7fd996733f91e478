// SPDX-License-Identifier: Apache-2.0
// Locks of shared files. The host is never asked to wait: who has to asks again, and hears of signals meanwhile.
#include <asm/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "keep/calls.h"
#include "keep/host_interface.h"
#include "keep/shared_files.h"

namespace adyton::keep {
namespace {

// `ask` until it is something other than that somebody else has the lock.
template <typename Ask>
std::int64_t insist(Kernel& kernel, ThreadState& thread, Ask&& ask) {
  constexpr std::int64_t kPause = 10'000'000;
  while (true) {
    const std::int64_t error = ask();
    if (error != -EAGAIN) return error;
    const std::uint32_t nobody = 0;
    const Time until = kernel.clock.now(Clock::kMonotonic) + Time{0, kPause};
    if (kernel.threads.wait(kernel, thread, {.word = &nobody, .deadline = &until}) == -EINTR) return -kRestart;
  }
}

}  // namespace

bool FileLock::known_type() const { return type == F_RDLCK || type == F_WRLCK || type == F_UNLCK; }

std::int64_t lock_shared(Kernel& kernel, ThreadState& thread, const OpenFile& file, std::uint64_t command,
                         std::uint64_t address) {
  auto* given = kernel.user.out<FileLock>(address);
  if (given == nullptr) return -EFAULT;
  const std::uint64_t number = file.object;
  FileLock lock = *given;
  const bool of_process = command == F_GETLK || command == F_SETLK || command == F_SETLKW;
  const bool tells = command == F_GETLK || command == F_OFD_GETLK;
  const bool waits = command == F_SETLKW || command == F_OFD_SETLKW;
  if (!lock.known_type() || (!of_process && lock.process != 0)) return -EINVAL;
  std::int64_t from = 0;
  if (lock.whence == SEEK_CUR) {
    from = static_cast<std::int64_t>(file.offset);
  } else if (lock.whence == SEEK_END) {
    Node node;
    if (const std::int64_t error = describe_shared(kernel, number, node); error < 0) return error;
    from = static_cast<std::int64_t>(node.size);
  } else if (lock.whence != SEEK_SET) {
    return -EINVAL;
  }
  if (__builtin_add_overflow(lock.start, from, &lock.start)) return -EOVERFLOW;
  lock.whence = SEEK_SET;
  lock.process = lock.padding = lock.padding_after = 0;
  const std::uint64_t asked = command == F_SETLKW ? F_SETLK : command == F_OFD_SETLKW ? F_OFD_SETLK : command;
  const auto ask = [&] {
    copy_to_host(thread.host_page, &lock, sizeof(lock));
    return checked_result(ask_host(KeepRequest::kFileLock, number, asked).result, 0);
  };
  if (!tells) return waits ? insist(kernel, thread, ask) : ask();
  if (const std::int64_t error = ask(); error < 0) return error;
  FileLock found;
  copy_from_host(&found, thread.host_page, sizeof(found));
  if (!found.known_type()) return -EIO;
  if (found.type == F_UNLCK) {
    given->type = F_UNLCK;
    return 0;
  }
  std::int64_t end = 0;
  if (found.start < 0 || found.bytes < 0 || __builtin_add_overflow(found.start, found.bytes, &end)) return -EIO;
  // Whose it is has no meaning in here.
  *given = {.type = found.type,
            .whence = SEEK_SET,
            .start = found.start,
            .bytes = found.bytes,
            .process = of_process ? 1 : -1};
  return 0;
}

std::int64_t call_flock(Kernel& kernel, ThreadState& thread, std::uint64_t fd, std::uint64_t operation) {
  constexpr std::uint64_t kShared = 1, kExclusive = 2, kWithoutWaiting = 4, kNone = 8;  // LOCK_
  const Held file(kernel, fd);
  if (!file) return -EBADF;
  const std::uint64_t kind = operation & ~kWithoutWaiting;
  if (kind != kShared && kind != kExclusive && kind != kNone) return -EINVAL;
  if (file->kind != FileKind::kSharedFile) return 0;  // nobody else has it
  const std::uint64_t number = file->object;
  const auto ask = [&] {
    return checked_result(ask_host(KeepRequest::kFileFlock, number, kind | kWithoutWaiting).result, 0);
  };
  return (operation & kWithoutWaiting) != 0 ? ask() : insist(kernel, thread, ask);
}

}  // namespace adyton::keep
