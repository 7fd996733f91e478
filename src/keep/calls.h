// SPDX-License-Identifier: Apache-2.0
// The system calls, one function each, as answer_syscall() (syscalls.cc) hands them out: docs/keep.md has the table.
// Each returns what Linux does: a value, or minus errno.
#pragma once

#include <cstdint>

#include "keep/kernel.h"

namespace adyton::keep {

// calls_memory.cc
std::int64_t call_brk(Kernel& kernel, std::uint64_t address);
std::int64_t call_mmap(Kernel& kernel, const Frame& frame);
std::int64_t call_munmap(Kernel& kernel, std::uint64_t address, std::uint64_t bytes);
std::int64_t call_mprotect(Kernel& kernel, std::uint64_t address, std::uint64_t bytes, std::uint64_t protection);
std::int64_t call_mremap(Kernel& kernel, const Frame& frame);
std::int64_t call_madvise(Kernel& kernel, std::uint64_t address, std::uint64_t bytes, std::uint64_t advice);

// calls_process.cc
std::int64_t call_arch_prctl(Kernel& kernel, std::uint64_t code, std::uint64_t address);
std::int64_t call_uname(Kernel& kernel, std::uint64_t buffer);
std::int64_t call_prlimit(Kernel& kernel, const Frame& frame);
std::int64_t call_getrandom(Kernel& kernel, std::uint64_t buffer, std::uint64_t bytes, std::uint64_t flags);
std::int64_t call_sched_getaffinity(Kernel& kernel, const Frame& frame);
std::int64_t call_sched_setaffinity(Kernel& kernel, const ThreadState& thread, const Frame& frame);
std::int64_t call_getcpu(Kernel& kernel, std::uint64_t processor, std::uint64_t node);
std::int64_t call_sysinfo(Kernel& kernel, std::uint64_t buffer);
std::int64_t call_prctl(Kernel& kernel, const Frame& frame);

// calls_threads.cc
std::int64_t call_clone(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_clone3(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_futex(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_set_robust_list(Kernel& kernel, ThreadState& thread, const Frame& frame);
[[noreturn]] void end_thread(Kernel& kernel, ThreadState& thread, std::uint64_t status);

// calls_time.cc
std::int64_t call_clock_gettime(Kernel& kernel, std::uint64_t clock, std::uint64_t to);
std::int64_t call_clock_getres(Kernel& kernel, std::uint64_t clock, std::uint64_t to);
std::int64_t call_gettimeofday(Kernel& kernel, std::uint64_t to);
std::int64_t call_time(Kernel& kernel, std::uint64_t to);
std::int64_t call_nanosleep(Kernel& kernel, ThreadState& thread, std::uint64_t clock, std::uint64_t flags,
                            std::uint64_t request);

// calls_signals.cc
std::int64_t call_sigaction(Kernel& kernel, const Frame& frame);
std::int64_t call_sigprocmask(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_sigaltstack(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_kill(Kernel& kernel, ThreadState& thread, std::uint64_t id, std::uint64_t signal);

// calls_streams.cc
std::int64_t call_read(Kernel& kernel, ThreadState& thread, std::uint64_t fd, std::uint64_t to, std::uint64_t bytes);
std::int64_t call_write(Kernel& kernel, ThreadState& thread, std::uint64_t fd, std::uint64_t from, std::uint64_t bytes);
std::int64_t call_readv(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_writev(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_close(Kernel& kernel, std::uint64_t fd);
std::int64_t call_dup3(Kernel& kernel, std::uint64_t fd, std::uint64_t to, std::uint64_t flags);
std::int64_t call_fcntl(Kernel& kernel, const Frame& frame);

// calls_channels.cc
std::int64_t call_pipe(Kernel& kernel, std::uint64_t to, std::uint64_t flags);
std::int64_t call_eventfd(Kernel& kernel, std::uint64_t value, std::uint64_t flags);
std::int64_t call_poll(Kernel& kernel, ThreadState& thread, std::uint64_t list, std::uint64_t count, const Time* most);
std::int64_t read_channel(Kernel& kernel, ThreadState& thread, const OpenFile& file, void* to, std::uint64_t bytes);
std::int64_t write_channel(Kernel& kernel, ThreadState& thread, const OpenFile& file, const void* from,
                           std::uint64_t bytes);
void close_channel(Kernel& kernel, const OpenFile& last);

// calls_files.cc. `at`: a descriptor of a folder, or AT_FDCWD.
std::int64_t call_open(Kernel& kernel, std::uint64_t at, std::uint64_t path, std::uint64_t flags, std::uint64_t mode);
std::int64_t call_stat(Kernel& kernel, std::uint64_t at, std::uint64_t path, std::uint64_t to, std::uint64_t flags);
std::int64_t call_access(Kernel& kernel, std::uint64_t at, std::uint64_t path);
std::int64_t call_mkdir(Kernel& kernel, std::uint64_t at, std::uint64_t path, std::uint64_t mode);
std::int64_t call_unlink(Kernel& kernel, std::uint64_t at, std::uint64_t path, std::uint64_t flags);
std::int64_t call_rename(Kernel& kernel, const Frame& frame, std::uint64_t flags);  // renameat()'s arguments
std::int64_t call_readlink(Kernel& kernel, std::uint64_t path, std::uint64_t to, std::uint64_t bytes);
std::int64_t call_getcwd(Kernel& kernel, std::uint64_t to, std::uint64_t bytes);
std::int64_t call_chdir(Kernel& kernel, std::uint64_t path);
std::int64_t call_getdents(Kernel& kernel, std::uint64_t fd, std::uint64_t to, std::uint64_t bytes);
std::int64_t call_lseek(Kernel& kernel, std::uint64_t fd, std::uint64_t offset, std::uint64_t whence);
std::int64_t call_pread(Kernel& kernel, const Frame& frame);
std::int64_t call_pwrite(Kernel& kernel, const Frame& frame);
std::int64_t call_ftruncate(Kernel& kernel, std::uint64_t fd, std::uint64_t bytes);
std::int64_t call_truncate(Kernel& kernel, std::uint64_t path, std::uint64_t bytes);
std::int64_t call_chmod(Kernel& kernel, std::uint64_t at, std::uint64_t path, std::uint64_t mode);
std::int64_t call_fsync(Kernel& kernel, std::uint64_t fd);
std::int64_t read_file(Kernel& kernel, OpenFile& file, void* to, std::uint64_t bytes);
std::int64_t write_file(Kernel& kernel, OpenFile& file, const void* from, std::uint64_t bytes);

}  // namespace adyton::keep
