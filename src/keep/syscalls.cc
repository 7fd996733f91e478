// SPDX-License-Identifier: Apache-2.0
// Which function answers which system call.
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>

#include "keep/calls.h"
#include "keep/host_interface.h"
#include "keep/shared_files.h"
#include "keep/signals.h"
#include "keep/socket_calls.h"
#include "keep/trace.h"

namespace adyton::keep {
namespace {

constexpr auto kHere = static_cast<std::uint64_t>(AT_FDCWD);

std::int64_t refuse_execve(Kernel& kernel, const ThreadState& thread) {
  if (not_yet_named(kernel, __NR_execve)) {
    log(thread, Line() << "adyton: execve: an SGX enclave runs the one program that was measured\n");
  }
  return -ENOSYS;
}

}  // namespace

bool not_yet_named(Kernel& kernel, std::uint64_t number) {
  const std::uint64_t bit = std::uint64_t{1} << (number % 64);
  return (__atomic_fetch_or(&kernel.named_calls[number / 64], bit, __ATOMIC_RELAXED) & bit) == 0;
}

namespace {

// A time limit as poll() and epoll_wait() take it: in milliseconds, below 0 none.
class Milliseconds {
 public:
  explicit Milliseconds(std::uint64_t given)
      : count_(static_cast<std::int32_t>(given)), time_{count_ / 1000, count_ % 1000 * 1'000'000} {}
  operator const Time*() const { return count_ < 0 ? nullptr : &time_; }

 private:
  std::int32_t count_;
  Time time_;
};

std::int64_t call_old_select(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  struct Interval {  // struct timeval
    std::int64_t seconds, microseconds;
  };
  const auto* given = frame.r8 != 0 ? kernel.user.in<Interval>(frame.r8) : nullptr;
  if (frame.r8 != 0 && given == nullptr) return -EFAULT;
  Time most, end;
  if (given != nullptr) {
    if (given->seconds < 0 || given->microseconds < 0) return -EINVAL;
    most = Time{given->seconds, 0} + Time{given->microseconds / 1'000'000, given->microseconds % 1'000'000 * 1000};
    end = kernel.clock.now(Clock::kMonotonic) + most;
  }
  const std::int64_t done = call_select(kernel, thread, frame, given != nullptr ? &most : nullptr);
  auto* left = given != nullptr ? kernel.user.out<Interval>(frame.r8) : nullptr;
  if (left == nullptr || done < 0) return done;
  const std::uint64_t nanoseconds = nanoseconds_from(kernel.clock.now(Clock::kMonotonic), end);
  *left = {static_cast<std::int64_t>(nanoseconds / 1'000'000'000),
           static_cast<std::int64_t>(nanoseconds % 1'000'000'000 / 1000)};
  return done;
}

std::int64_t call_epoll_pwait2(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const auto* given = frame.r10 != 0 ? kernel.user.in<Time>(frame.r10) : nullptr;
  if (frame.r10 != 0 && given == nullptr) return -EFAULT;
  const Time most = given != nullptr ? *given : Time{};
  if (!most.valid()) return -EINVAL;
  return call_epoll_pwait(kernel, thread, frame, given != nullptr ? &most : nullptr);
}

std::int64_t answer(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const std::uint64_t a = frame.rdi, b = frame.rsi, c = frame.rdx;
  switch (frame.rax) {
    case __NR_read: return call_read(kernel, thread, a, b, c);
    case __NR_write: return call_write(kernel, thread, a, b, c);
    case __NR_readv: return call_readv(kernel, thread, frame);
    case __NR_writev: return call_writev(kernel, thread, frame);
    case __NR_preadv: return call_preadv(kernel, thread, frame, 0);
    case __NR_pwritev: return call_pwritev(kernel, thread, frame, 0);
    case __NR_preadv2: return call_preadv(kernel, thread, frame, frame.r9 & 0xffffffff);
    case __NR_pwritev2: return call_pwritev(kernel, thread, frame, frame.r9 & 0xffffffff);
    case __NR_close: return call_close(kernel, a);
    case __NR_close_range: return call_close_range(kernel, a, b, c & 0xffffffff);
    case __NR_dup: return kernel.descriptors.duplicate(a, 0, false);
    case __NR_dup2:
      return a == b ? (kernel.descriptors.has(a) ? static_cast<std::int64_t>(a) : -EBADF) : call_dup3(kernel, a, b, 0);
    case __NR_dup3: return call_dup3(kernel, a, b, c);
    case __NR_fcntl: return call_fcntl(kernel, frame);

    case __NR_pipe: return call_pipe(kernel, a, 0);
    case __NR_pipe2: return call_pipe(kernel, a, b);
    case __NR_eventfd: return call_eventfd(kernel, a, 0);
    case __NR_eventfd2: return call_eventfd(kernel, a, b);
    case __NR_poll: return call_poll(kernel, thread, a, b, Milliseconds(c));
    case __NR_ppoll: return call_ppoll(kernel, thread, frame);
    case __NR_select: return call_old_select(kernel, thread, frame);
    case __NR_pselect6: return call_pselect(kernel, thread, frame);
    case __NR_epoll_create: return static_cast<std::int32_t>(a) > 0 ? call_epoll_create(kernel, 0) : -EINVAL;
    case __NR_epoll_create1: return call_epoll_create(kernel, a);
    case __NR_epoll_ctl: return call_epoll_ctl(kernel, frame);
    case __NR_epoll_wait: return call_epoll_wait(kernel, thread, frame, Milliseconds(frame.r10));
    case __NR_epoll_pwait: return call_epoll_pwait(kernel, thread, frame, Milliseconds(frame.r10));
    case __NR_epoll_pwait2: return call_epoll_pwait2(kernel, thread, frame);
    case __NR_timerfd_create: return call_timerfd_create(kernel, a, b);
    case __NR_timerfd_settime: return call_timerfd_settime(kernel, frame);
    case __NR_timerfd_gettime: return call_timerfd_gettime(kernel, a, b);
    case __NR_signalfd: return call_signalfd(kernel, frame, 0);
    case __NR_signalfd4: return call_signalfd(kernel, frame, frame.r10);

    case __NR_socket: return call_socket(kernel, a, b, c);
    case __NR_socketpair: return call_socketpair(kernel, frame);
    case __NR_bind: return call_bind(kernel, thread, frame);
    case __NR_listen: return call_listen(kernel, a, b);
    case __NR_connect: return call_connect(kernel, thread, frame);
    case __NR_accept: return call_accept(kernel, thread, frame, 0);
    case __NR_accept4: return call_accept(kernel, thread, frame, frame.r10);
    case __NR_getsockname: return call_getsockname(kernel, thread, frame);
    case __NR_getpeername: return call_getpeername(kernel, thread, frame);
    case __NR_shutdown: return call_shutdown(kernel, a, b);
    case __NR_setsockopt: return call_setsockopt(kernel, frame);
    case __NR_getsockopt: return call_getsockopt(kernel, frame);
    case __NR_sendto: return call_sendto(kernel, thread, frame);
    case __NR_recvfrom: return call_recvfrom(kernel, thread, frame);
    case __NR_sendmsg: return call_sendmsg(kernel, thread, frame);
    case __NR_recvmsg: return call_recvmsg(kernel, thread, frame);

    case __NR_open: return call_open(kernel, kHere, a, b, c);
    case __NR_openat: return call_open(kernel, a, b, c, frame.r10);
    case __NR_creat: return call_open(kernel, kHere, a, O_CREAT | O_WRONLY | O_TRUNC, b);
    case __NR_stat:
    case __NR_lstat: return call_stat(kernel, kHere, a, b, 0);
    case __NR_fstat: return call_stat(kernel, a, 0, b, AT_EMPTY_PATH);
    case __NR_newfstatat: return call_stat(kernel, a, b, c, frame.r10);
    case __NR_access: return call_access(kernel, kHere, a);
    case __NR_faccessat:
    case __NR_faccessat2: return call_access(kernel, a, b);
    case __NR_mkdir: return call_mkdir(kernel, kHere, a, b);
    case __NR_mkdirat: return call_mkdir(kernel, a, b, c);
    case __NR_unlink: return call_unlink(kernel, kHere, a, 0);
    case __NR_rmdir: return call_unlink(kernel, kHere, a, AT_REMOVEDIR);
    case __NR_unlinkat: return call_unlink(kernel, a, b, c);
    case __NR_rename: {
      Frame renameat{};
      renameat.rdi = renameat.rdx = kHere;
      renameat.rsi = a;
      renameat.r10 = b;
      return call_rename(kernel, renameat, 0);
    }
    case __NR_renameat: return call_rename(kernel, frame, 0);
    case __NR_renameat2: return call_rename(kernel, frame, frame.r8);
    case __NR_readlink: return call_readlink(kernel, kHere, a, b, c);
    case __NR_readlinkat: return call_readlink(kernel, a, b, c, frame.r10);
    case __NR_symlink: return call_symlink(kernel, a, kHere, b);
    case __NR_symlinkat: return call_symlink(kernel, a, b, c);
    case __NR_link:
    case __NR_linkat:
    case __NR_mknod:
    case __NR_mknodat: return -EPERM;
    case __NR_utimensat: return call_utimensat(kernel, frame);
    case __NR_statx: return call_statx(kernel, frame);
    case __NR_statfs: {
      const std::int64_t found = call_access(kernel, kHere, a);
      return found < 0 ? found : call_statfs(kernel, b);
    }
    case __NR_fstatfs: return !kernel.descriptors.has(a) ? -EBADF : call_statfs(kernel, b);
    case __NR_fallocate: return call_fallocate(kernel, frame);
    case __NR_sendfile: return call_sendfile(kernel, thread, frame);
    case __NR_copy_file_range: return call_copy_file_range(kernel, thread, frame);
    case __NR_memfd_create: return call_memfd_create(kernel, a, b);
    case __NR_flock: return call_flock(kernel, thread, a, b);
    case __NR_fadvise64:
    case __NR_readahead: return !kernel.descriptors.has(a) ? -EBADF : 0;
    case __NR_fchmod: return call_fchmod(kernel, a, b);
    case __NR_fchdir: return call_fchdir(kernel, a);
    case __NR_chown:
    case __NR_lchown: return call_chown(kernel, kHere, a, b, c);
    case __NR_fchown: return call_chown(kernel, a, 0, b, c);
    case __NR_fchownat: return call_chown(kernel, a, b, c, frame.r10);
    case __NR_getcwd: return call_getcwd(kernel, a, b);
    case __NR_chdir: return call_chdir(kernel, a);
    case __NR_getdents64: return call_getdents(kernel, a, b, c);
    case __NR_lseek: return call_lseek(kernel, a, b, c);
    case __NR_pread64: return call_pread(kernel, frame);
    case __NR_pwrite64: return call_pwrite(kernel, frame);
    case __NR_truncate: return call_truncate(kernel, a, b);
    case __NR_ftruncate: return call_ftruncate(kernel, a, b);
    case __NR_chmod: return call_chmod(kernel, kHere, a, b);
    case __NR_fchmodat: return call_chmod(kernel, a, b, c);
    case __NR_fsync: return call_fsync(kernel, a, false);
    case __NR_fdatasync: return call_fsync(kernel, a, true);
    case __NR_sync: return 0;
    case __NR_syncfs: return call_syncfs(kernel, a);
    case __NR_umask:
      return __atomic_exchange_n(&kernel.mode_mask, static_cast<std::uint32_t>(a) & 0777, __ATOMIC_RELAXED);
    case __NR_ioctl: return call_ioctl(kernel, frame);

    case __NR_brk: return call_brk(kernel, a);
    case __NR_mmap: return call_mmap(kernel, frame);
    case __NR_munmap: return call_munmap(kernel, a, b);
    case __NR_mprotect: return call_mprotect(kernel, a, b, c);
    case __NR_mremap: return call_mremap(kernel, frame);
    case __NR_madvise: return call_madvise(kernel, a, b, c);
    case __NR_mincore: return call_mincore(kernel, a, b, c);
    case __NR_membarrier: return a == 0 && b == 0 ? 0 : -EINVAL;  // it has no commands but to ask for them: none

    case __NR_arch_prctl: return call_arch_prctl(kernel, a, b);
    case __NR_set_tid_address: thread.clear_thread_id = a; return thread.thread_id;
    case __NR_set_robust_list: return call_set_robust_list(kernel, thread, frame);
    case __NR_rseq: return -ENOSYS;  // without a word: the C library asks, and does without
    case __NR_prlimit64: return call_prlimit(kernel, frame);
    case __NR_getrlimit: return call_prlimit(kernel, {.rdx = 0, .rsi = a, .rdi = 0, .r10 = b});
    case __NR_setrlimit: return call_prlimit(kernel, {.rdx = b, .rsi = a, .rdi = 0, .r10 = 0});
    case __NR_getrandom: return call_getrandom(kernel, a, b, c);
    case __NR_uname: return call_uname(kernel, a);
    case __NR_sysinfo: return call_sysinfo(kernel, a);
    case __NR_prctl: return call_prctl(kernel, thread, frame);
    case __NR_getpid: return kProcess;
    case __NR_getppid: return 1;
    case __NR_getpgrp:
    case __NR_getpgid:
    case __NR_getsid: return kProcess;
    case __NR_setsid:
    case __NR_clock_settime:
    case __NR_settimeofday: return -EPERM;
    case __NR_setpgid: return 0;
    case __NR_wait4:
    case __NR_waitid: return -ECHILD;
    case __NR_getrusage: return call_getrusage(kernel, thread, a, b);
    case __NR_times: return call_times(kernel, a);
    case __NR_getresuid:
    case __NR_getresgid: return call_get_ids(kernel, frame);
    case __NR_setuid:
    case __NR_setgid: return call_set_id(a);
    case __NR_setreuid:
    case __NR_setregid: return call_set_ids(frame, 2);
    case __NR_setresuid:
    case __NR_setresgid: return call_set_ids(frame, 3);
    case __NR_getgroups: return call_getgroups(kernel, a, b);
    case __NR_personality: return a == 0 || a == 0xffffffff ? 0 : -EINVAL;
    case __NR_getpriority: return 20;  // of 1 to 40
    case __NR_setpriority: return static_cast<std::int32_t>(c) == 0 ? 0 : -EPERM;
    case __NR_sched_getscheduler: return 0;  // SCHED_OTHER
    case __NR_sched_getparam: return call_sched_getparam(kernel, b);
    case __NR_sched_setparam: return call_sched_setscheduler(kernel, 0, b);
    case __NR_sched_setscheduler: return call_sched_setscheduler(kernel, b, c);
    case __NR_sched_get_priority_max:
    case __NR_sched_get_priority_min:
      if (a == 1 || a == 2) return frame.rax == __NR_sched_get_priority_min ? 1 : 99;  // SCHED_FIFO, SCHED_RR
      return a == 0 || a == 3 || a == 5 ? 0 : -EINVAL;
    case __NR_mlock:
    case __NR_munlock:
    case __NR_mlock2:
    case __NR_mlockall:
    case __NR_munlockall: return 0;
    case __NR_msync: return is_there(kernel, a, b) ? 0 : -ENOMEM;  // nothing is ever written elsewhere
    case __NR_gettid: return thread.thread_id;
    case __NR_getuid:
    case __NR_geteuid:
    case __NR_getgid:
    case __NR_getegid: return 1000;
    case __NR_sched_yield: ask_host(KeepRequest::kYield); return 0;
    case __NR_sched_getaffinity: return call_sched_getaffinity(kernel, frame);
    case __NR_sched_setaffinity: return call_sched_setaffinity(kernel, thread, frame);
    case __NR_getcpu: return call_getcpu(kernel, a, b);

    case __NR_clock_gettime: return call_clock_gettime(kernel, thread, a, b);
    case __NR_clock_getres: return call_clock_getres(kernel, thread, a, b);
    case __NR_gettimeofday: return call_gettimeofday(kernel, a);
    case __NR_time: return call_time(kernel, a);
    case __NR_nanosleep: return call_nanosleep(kernel, thread, 1, 0, a, b);
    case __NR_clock_nanosleep: return call_nanosleep(kernel, thread, a, b, c, frame.r10);

    case __NR_rt_sigaction: return call_sigaction(kernel, frame);
    case __NR_rt_sigprocmask: return call_sigprocmask(kernel, thread, frame);
    case __NR_sigaltstack: return call_sigaltstack(kernel, thread, frame);
    case __NR_kill: return call_kill(kernel, a, b);
    case __NR_tkill: return call_tgkill(kernel, kProcess, a, b);
    case __NR_tgkill: return call_tgkill(kernel, a, b, c);
    case __NR_rt_sigqueueinfo: return call_sigqueueinfo(kernel, frame);
    case __NR_rt_tgsigqueueinfo: return call_tgsigqueueinfo(kernel, frame);
    case __NR_rt_sigpending: return call_sigpending(kernel, thread, a, b);
    case __NR_rt_sigsuspend: return call_sigsuspend(kernel, thread, a, b);
    case __NR_rt_sigtimedwait: return call_sigtimedwait(kernel, thread, frame);
    case __NR_pause: return call_pause(kernel, thread);
    case __NR_alarm: return call_alarm(kernel, thread, a);
    case __NR_setitimer: return call_setitimer(kernel, thread, frame);
    case __NR_getitimer: return call_getitimer(kernel, a, b);
    case __NR_timer_create: return call_timer_create(kernel, frame);
    case __NR_timer_settime: return call_timer_settime(kernel, thread, frame);
    case __NR_timer_gettime: return call_timer_gettime(kernel, a, b);
    case __NR_timer_getoverrun: return call_timer_getoverrun(kernel, a);
    case __NR_timer_delete: return call_timer_delete(kernel, a);

    case __NR_clone: return call_clone(kernel, thread, frame);
    case __NR_clone3: return call_clone3(kernel, thread, frame);
    case __NR_fork:
    case __NR_vfork: {
      const Frame as_clone{};  // no flag of a thread: refused in words
      return call_clone(kernel, thread, as_clone);
    }
    case __NR_execve:
    case __NR_execveat: return refuse_execve(kernel, thread);
    case __NR_futex: return call_futex(kernel, thread, frame);
    case __NR_exit: end_thread(kernel, thread, a);
    case __NR_exit_group: end_application(kernel, thread, KeepExit::kExited, a & 0xff, 0);
    default:
      if (frame.rax < 512 && not_yet_named(kernel, frame.rax)) ask_host(KeepRequest::kNotThere, frame.rax);
      return -ENOSYS;
  }
}

// With the host told of it if it may be (trace.h).
std::int64_t answer_and_tell(Kernel& kernel, ThreadState& thread) {
  if (!kernel.traced) return answer(kernel, thread, thread.frame);
  const Frame asked = thread.frame;
  const std::uint64_t before = thread.requests;
  const bool returns = asked.rax != __NR_exit && asked.rax != __NR_exit_group;
  if (!returns) trace_call(kernel, thread, asked, nullptr, 0);
  const std::int64_t result = answer(kernel, thread, thread.frame);
  const auto told = static_cast<std::uint64_t>(result == -kRestart ? -EINTR : result);
  if (returns) trace_call(kernel, thread, asked, &told, thread.requests - before);
  return result;
}

}  // namespace

void answer_syscall(Kernel& kernel, ThreadState& thread) {
  Frame& frame = thread.frame;
  if (kernel.traced && frame.rax == __NR_rt_sigreturn) trace_call(kernel, thread, frame, nullptr, 0);
  if (frame.rax == __NR_rt_sigreturn && !return_from_signal(kernel, thread)) {
    deliver_signals(kernel, thread);
    return;
  }
  while (true) {
    const std::uint64_t number = frame.rax;
    const std::int64_t result = answer_and_tell(kernel, thread);
    thread.restart = result == -kRestart ? number + 1 : 0;
    frame.rax = static_cast<std::uint64_t>(result == -kRestart ? -EINTR : result);
    if (result == -EINTR || result == -kRestart) {
      kernel.timers.host_called(kernel);
    } else if (thread.mask_is_kept) {
      thread.signal_mask = thread.kept_mask;  // another was for waiting only
      thread.mask_is_kept = false;
    }
    const bool pending = has_signal(kernel, thread) || thread.mask_is_kept;
    if ((pending && deliver_signals(kernel, thread)) || thread.restart == 0) return;
    frame.rax = number;
  }
}

}  // namespace adyton::keep
