// SPDX-License-Identifier: Apache-2.0
#include "keep/trace.h"

#include <asm/unistd_64.h>

#include "keep/host_interface.h"

namespace adyton::keep {
namespace {

// Which arguments are paths, and which one is a buffer: of as many bytes as the next argument says, or of a read as the
// result says.
struct Shape {
  std::uint16_t number;
  std::int8_t path = -1, second_path = -1;
  std::int8_t written = -1, read = -1;
};
constexpr Shape kShapes[] = {
    {.number = __NR_open, .path = 0},
    {.number = __NR_openat, .path = 1},
    {.number = __NR_creat, .path = 0},
    {.number = __NR_stat, .path = 0},
    {.number = __NR_lstat, .path = 0},
    {.number = __NR_newfstatat, .path = 1},
    {.number = __NR_statx, .path = 1},
    {.number = __NR_access, .path = 0},
    {.number = __NR_faccessat, .path = 1},
    {.number = __NR_faccessat2, .path = 1},
    {.number = __NR_mkdir, .path = 0},
    {.number = __NR_mkdirat, .path = 1},
    {.number = __NR_unlink, .path = 0},
    {.number = __NR_unlinkat, .path = 1},
    {.number = __NR_rmdir, .path = 0},
    {.number = __NR_rename, .path = 0, .second_path = 1},
    {.number = __NR_readlink, .path = 0},
    {.number = __NR_renameat, .path = 1, .second_path = 3},
    {.number = __NR_readlinkat, .path = 1},
    {.number = __NR_renameat2, .path = 1, .second_path = 3},
    {.number = __NR_symlink, .path = 0, .second_path = 1},
    {.number = __NR_link, .path = 0, .second_path = 1},
    {.number = __NR_chdir, .path = 0},
    {.number = __NR_truncate, .path = 0},
    {.number = __NR_chmod, .path = 0},
    {.number = __NR_fchmodat, .path = 1},
    {.number = __NR_chown, .path = 0},
    {.number = __NR_statfs, .path = 0},
    {.number = __NR_execve, .path = 0},
    {.number = __NR_execveat, .path = 1},
    {.number = __NR_write, .written = 1},
    {.number = __NR_pwrite64, .written = 1},
    {.number = __NR_sendto, .written = 1},
    {.number = __NR_read, .read = 1},
    {.number = __NR_pread64, .read = 1},
    {.number = __NR_recvfrom, .read = 1},
};

class Recorder {
 public:
  Recorder(const UserMemory& user, TraceRecord& record) : user_(user), record_(record) {}

  void add_path(std::int8_t argument) {
    if (argument < 0) return;
    const std::uint64_t address = record_.arguments[argument], most = user_.readable_from(address);
    if (most == 0) return;
    const auto* text = at<const char>(address);
    std::uint64_t size = 0;
    while (size < most && size < kLongestPath && text[size] != 0) ++size;
    add(argument, size);
  }

  void add_buffer(std::int8_t argument, std::uint64_t size) {
    if (argument >= 0 && user_.readable(record_.arguments[argument], size)) add(argument, size);
  }

 private:
  static constexpr std::uint64_t kLongestPath = 4096;

  void add(std::int8_t argument, std::uint64_t whole) {
    TraceRecord::Bytes& bytes = record_.bytes[record_.count++];
    bytes.argument = static_cast<std::uint64_t>(argument);
    bytes.whole = whole;
    bytes.size = whole < TraceRecord::kMostBytes ? whole : TraceRecord::kMostBytes;
    __builtin_memcpy(bytes.content, at<const void>(record_.arguments[argument]), bytes.size);
  }

  const UserMemory& user_;
  TraceRecord& record_;
};

}  // namespace

void trace_call(const Kernel& kernel, const ThreadState& thread, const Frame& asked, const std::uint64_t* result,
                std::uint64_t requests) {
  TraceRecord record{.thread = thread.thread_id,
                     .number = asked.rax,
                     .arguments = {asked.rdi, asked.rsi, asked.rdx, asked.r10, asked.r8, asked.r9},
                     .returned = result != nullptr,
                     .result = result != nullptr ? *result : 0,
                     .requests = requests,
                     .count = 0,
                     .bytes = {}};
  Recorder recorder(kernel.user, record);
  for (const Shape& shape : kShapes) {
    if (shape.number != asked.rax) continue;
    recorder.add_path(shape.path);
    recorder.add_path(shape.second_path);
    if (shape.written >= 0) recorder.add_buffer(shape.written, record.arguments[shape.written + 1]);
    if (shape.read >= 0 && static_cast<std::int64_t>(record.result) > 0) recorder.add_buffer(shape.read, record.result);
  }
  copy_to_host(thread.host_page, &record, sizeof record);
  ask_host(KeepRequest::kTraceCall);
}

}  // namespace adyton::keep
