// SPDX-License-Identifier: Apache-2.0
// The system calls, one function each, as answer_syscall() (syscalls.cc) hands them out: docs/keep.md has the table.
// Each returns what Linux does: a value, or minus errno.
#pragma once

#include <cstdint>

#include "keep/held.h"
#include "keep/kernel.h"

namespace adyton::keep {

// Minus this: a signal came, and the call is made again unless a handler without SA_RESTART runs (ERESTARTSYS).
inline constexpr std::int64_t kRestart = 512;

// calls_memory.cc
std::int64_t call_brk(Kernel& kernel, std::uint64_t address);
std::int64_t call_mmap(Kernel& kernel, const Frame& frame);
std::int64_t call_munmap(Kernel& kernel, std::uint64_t address, std::uint64_t bytes);
std::int64_t call_mprotect(Kernel& kernel, std::uint64_t address, std::uint64_t bytes, std::uint64_t protection);
std::int64_t call_mremap(Kernel& kernel, const Frame& frame);
// Whether a stream of the host's is a terminal, and its struct winsize: the host's word.
struct Terminal {
  bool is_one = false;
  std::uint64_t size = 0;
};
Terminal terminal_of(const OpenFile& file);
// Whether [address, address + bytes) is mapped, as far as that is one piece of the application, its heap or a stack.
bool is_there(Kernel& kernel, std::uint64_t address, std::uint64_t bytes);
struct HeapUse {
  std::uint64_t bytes, free;
};
HeapUse heap_use(Kernel& kernel);
// True once for each system call of which the log is to say that it is not there: a program that asks again and again
// does not flood it. Requires number < 512.
bool not_yet_named(Kernel& kernel, std::uint64_t number);
std::int64_t call_madvise(Kernel& kernel, std::uint64_t address, std::uint64_t bytes, std::uint64_t advice);
std::int64_t call_mincore(Kernel& kernel, std::uint64_t address, std::uint64_t bytes, std::uint64_t to);

// calls_process.cc
std::int64_t call_arch_prctl(Kernel& kernel, std::uint64_t code, std::uint64_t address);
std::int64_t call_uname(Kernel& kernel, std::uint64_t buffer);
std::int64_t call_prlimit(Kernel& kernel, const Frame& frame);
std::int64_t call_getrandom(Kernel& kernel, std::uint64_t buffer, std::uint64_t bytes, std::uint64_t flags);
std::int64_t call_sched_getaffinity(Kernel& kernel, const Frame& frame);
std::int64_t call_sched_setaffinity(Kernel& kernel, const ThreadState& thread, const Frame& frame);
std::int64_t call_getcpu(Kernel& kernel, std::uint64_t processor, std::uint64_t node);
std::int64_t call_sysinfo(Kernel& kernel, std::uint64_t buffer);
std::int64_t call_prctl(Kernel& kernel, ThreadState& thread, const Frame& frame);

// calls_accounts.cc: who and how, of which there is one answer.
std::int64_t call_getrusage(Kernel& kernel, ThreadState& thread, std::uint64_t whose, std::uint64_t to);
std::int64_t call_times(Kernel& kernel, std::uint64_t to);
std::int64_t call_get_ids(Kernel& kernel, const Frame& frame);
std::int64_t call_set_id(std::uint64_t id);
std::int64_t call_set_ids(const Frame& frame, int count);
std::int64_t call_getgroups(Kernel& kernel, std::uint64_t count, std::uint64_t to);
std::int64_t call_sched_getparam(Kernel& kernel, std::uint64_t to);
std::int64_t call_sched_setscheduler(Kernel& kernel, std::uint64_t policy, std::uint64_t parameter);
std::int64_t call_chown(Kernel& kernel, std::uint64_t at, std::uint64_t path, std::uint64_t user, std::uint64_t group);
std::int64_t call_ioctl(Kernel& kernel, const Frame& frame);

// calls_copies.cc
std::int64_t call_sendfile(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_copy_file_range(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_fallocate(Kernel& kernel, const Frame& frame);
std::int64_t call_statfs(Kernel& kernel, std::uint64_t to);
std::int64_t call_memfd_create(Kernel& kernel, std::uint64_t name, std::uint64_t flags);
std::int64_t map_file(Kernel& kernel, const Frame& frame, const OpenFile& file);

// calls_threads.cc
std::int64_t call_clone(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_clone3(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_futex(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_set_robust_list(Kernel& kernel, ThreadState& thread, const Frame& frame);
[[noreturn]] void end_thread(Kernel& kernel, ThreadState& thread, std::uint64_t status);

// calls_time.cc
std::int64_t call_clock_gettime(Kernel& kernel, ThreadState& thread, std::uint64_t clock, std::uint64_t to);
std::int64_t call_clock_getres(Kernel& kernel, ThreadState& thread, std::uint64_t clock, std::uint64_t to);
std::int64_t call_gettimeofday(Kernel& kernel, std::uint64_t to);
std::int64_t call_time(Kernel& kernel, std::uint64_t to);
std::int64_t call_nanosleep(Kernel& kernel, ThreadState& thread, std::uint64_t clock, std::uint64_t flags,
                            std::uint64_t request, std::uint64_t remaining);

// calls_signals.cc
std::int64_t call_sigaction(Kernel& kernel, const Frame& frame);
std::int64_t call_sigprocmask(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_sigaltstack(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_kill(Kernel& kernel, std::uint64_t process, std::uint64_t signal);
std::int64_t call_tgkill(Kernel& kernel, std::uint64_t process, std::uint64_t id, std::uint64_t signal);
std::int64_t call_sigqueueinfo(Kernel& kernel, const Frame& frame);
std::int64_t call_tgsigqueueinfo(Kernel& kernel, const Frame& frame);
std::int64_t call_sigpending(Kernel& kernel, const ThreadState& thread, std::uint64_t to, std::uint64_t bytes);
std::int64_t call_sigsuspend(Kernel& kernel, ThreadState& thread, std::uint64_t mask, std::uint64_t bytes);
std::int64_t call_pause(Kernel& kernel, ThreadState& thread);
std::int64_t call_sigtimedwait(Kernel& kernel, ThreadState& thread, const Frame& frame);

// calls_timers.cc
std::int64_t call_timerfd_create(Kernel& kernel, std::uint64_t clock, std::uint64_t flags);
std::int64_t call_timerfd_settime(Kernel& kernel, const Frame& frame);
std::int64_t call_timerfd_gettime(Kernel& kernel, std::uint64_t fd, std::uint64_t to);
std::int64_t call_setitimer(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_getitimer(Kernel& kernel, std::uint64_t which, std::uint64_t to);
std::int64_t call_alarm(Kernel& kernel, ThreadState& thread, std::uint64_t seconds);
std::int64_t call_timer_create(Kernel& kernel, const Frame& frame);
std::int64_t call_timer_settime(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_timer_gettime(Kernel& kernel, std::uint64_t id, std::uint64_t to);
std::int64_t call_timer_getoverrun(Kernel& kernel, std::uint64_t id);
std::int64_t call_timer_delete(Kernel& kernel, std::uint64_t id);
std::int64_t call_signalfd(Kernel& kernel, const Frame& frame, std::uint64_t flags);
std::int64_t read_timer(Kernel& kernel, ThreadState& thread, const OpenFile& file, void* to, std::uint64_t bytes);
std::int64_t read_signals(Kernel& kernel, ThreadState& thread, const OpenFile& file, void* to, std::uint64_t bytes);

// calls_streams.cc
std::int64_t call_read(Kernel& kernel, ThreadState& thread, std::uint64_t fd, std::uint64_t to, std::uint64_t bytes);
std::int64_t call_write(Kernel& kernel, ThreadState& thread, std::uint64_t fd, std::uint64_t from, std::uint64_t bytes);
// Of an open file that may be read or written to, and memory of the keep kernel or checked memory of the application.
std::int64_t read_open(Kernel& kernel, ThreadState& thread, OpenFile& file, void* to, std::uint64_t bytes);
std::int64_t write_open(Kernel& kernel, ThreadState& thread, OpenFile& file, const void* from, std::uint64_t bytes);
std::int64_t call_readv(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_writev(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_preadv(Kernel& kernel, ThreadState& thread, const Frame& frame, std::uint64_t flags);
std::int64_t call_pwritev(Kernel& kernel, ThreadState& thread, const Frame& frame, std::uint64_t flags);
std::int64_t call_close(Kernel& kernel, std::uint64_t fd);
std::int64_t call_close_range(Kernel& kernel, std::uint64_t first, std::uint64_t last, std::uint64_t flags);
std::int64_t call_dup3(Kernel& kernel, std::uint64_t fd, std::uint64_t to, std::uint64_t flags);
std::int64_t call_fcntl(Kernel& kernel, const Frame& frame);

// calls_channels.cc
std::int64_t call_pipe(Kernel& kernel, std::uint64_t to, std::uint64_t flags);
std::int64_t call_eventfd(Kernel& kernel, std::uint64_t value, std::uint64_t flags);
std::int64_t read_channel(Kernel& kernel, ThreadState& thread, const OpenFile& file, void* to, std::uint64_t bytes);
std::int64_t write_channel(Kernel& kernel, ThreadState& thread, const OpenFile& file, const void* from,
                           std::uint64_t bytes);
void close_channel(Kernel& kernel, const OpenFile& last);

// calls_poll.cc. `most`: how long, nullptr: for ever.
std::int64_t call_poll(Kernel& kernel, ThreadState& thread, std::uint64_t list, std::uint64_t count, const Time* most);
std::int64_t call_ppoll(Kernel& kernel, ThreadState& thread, const Frame& frame);
std::int64_t call_select(Kernel& kernel, ThreadState& thread, const Frame& frame, const Time* most);
std::int64_t call_pselect(Kernel& kernel, ThreadState& thread, const Frame& frame);
// A sigset_t of `bytes` becomes the mask until the call ends; 0: none.
std::int64_t take_mask(Kernel& kernel, ThreadState& thread, std::uint64_t address, std::uint64_t bytes);

// calls_epoll.cc
std::int64_t call_epoll_create(Kernel& kernel, std::uint64_t flags);
std::int64_t call_epoll_ctl(Kernel& kernel, const Frame& frame);
std::int64_t call_epoll_wait(Kernel& kernel, ThreadState& thread, const Frame& frame, const Time* most);
std::int64_t call_epoll_pwait(Kernel& kernel, ThreadState& thread, const Frame& frame, const Time* most);
std::uint32_t epoll_readiness(Kernel& kernel, ThreadState& thread, std::uint64_t index);
std::uint64_t epoll_ready_in(Kernel& kernel, std::uint64_t index);

// calls_files.cc. `at`: a descriptor of a folder, or AT_FDCWD.
std::int64_t call_open(Kernel& kernel, std::uint64_t at, std::uint64_t path, std::uint64_t flags, std::uint64_t mode);
std::int64_t call_stat(Kernel& kernel, std::uint64_t at, std::uint64_t path, std::uint64_t to, std::uint64_t flags);
std::int64_t call_access(Kernel& kernel, std::uint64_t at, std::uint64_t path);
std::int64_t call_mkdir(Kernel& kernel, std::uint64_t at, std::uint64_t path, std::uint64_t mode);
std::int64_t call_unlink(Kernel& kernel, std::uint64_t at, std::uint64_t path, std::uint64_t flags);
std::int64_t call_rename(Kernel& kernel, const Frame& frame, std::uint64_t flags);  // renameat()'s arguments
std::int64_t call_readlink(Kernel& kernel, std::uint64_t at, std::uint64_t path, std::uint64_t to, std::uint64_t bytes);
std::int64_t call_getcwd(Kernel& kernel, std::uint64_t to, std::uint64_t bytes);
std::int64_t call_chdir(Kernel& kernel, std::uint64_t path);
std::int64_t call_getdents(Kernel& kernel, std::uint64_t fd, std::uint64_t to, std::uint64_t bytes);
std::int64_t call_lseek(Kernel& kernel, std::uint64_t fd, std::uint64_t offset, std::uint64_t whence);
std::int64_t call_pread(Kernel& kernel, const Frame& frame);
std::int64_t call_pwrite(Kernel& kernel, const Frame& frame);
std::int64_t call_ftruncate(Kernel& kernel, std::uint64_t fd, std::uint64_t bytes);
std::int64_t call_truncate(Kernel& kernel, std::uint64_t path, std::uint64_t bytes);
std::int64_t call_chmod(Kernel& kernel, std::uint64_t at, std::uint64_t path, std::uint64_t mode);
std::int64_t call_fsync(Kernel& kernel, std::uint64_t fd, bool only_data);
std::int64_t call_symlink(Kernel& kernel, std::uint64_t target, std::uint64_t at, std::uint64_t path);
std::int64_t call_utimensat(Kernel& kernel, const Frame& frame);
std::int64_t call_statx(Kernel& kernel, const Frame& frame);
std::int64_t call_fchmod(Kernel& kernel, std::uint64_t fd, std::uint64_t mode);
std::int64_t call_fchdir(Kernel& kernel, std::uint64_t fd);
std::int64_t read_file(Kernel& kernel, OpenFile& file, void* to, std::uint64_t bytes);
std::int64_t write_file(Kernel& kernel, OpenFile& file, const void* from, std::uint64_t bytes);

// calls_any_file.cc: files in memory and shared ones alike.
inline bool is_file(const OpenFile& file) { return file.kind == FileKind::kFile || file.kind == FileKind::kSharedFile; }
inline bool is_file_or_folder(const OpenFile& file) { return is_file(file) || file.kind == FileKind::kFolder; }
std::int64_t read_at(Kernel& kernel, const OpenFile& file, std::uint64_t offset, void* to, std::uint64_t bytes);
std::int64_t write_at(Kernel& kernel, const OpenFile& file, std::uint64_t offset, const void* from, std::uint64_t bytes,
                      std::uint64_t& end);
std::int64_t resize(Kernel& kernel, const OpenFile& file, std::uint64_t bytes);
std::int64_t describe(Kernel& kernel, const OpenFile& file, Node& out);
void close_folder(Kernel& kernel, std::uint32_t node);
std::int64_t call_syncfs(Kernel& kernel, std::uint64_t fd);

}  // namespace adyton::keep
