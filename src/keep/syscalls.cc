// SPDX-License-Identifier: Apache-2.0
// Which function answers which system call.
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>

#include "keep/calls.h"
#include "keep/host_interface.h"
#include "keep/signals.h"
#include "keep/trace.h"

namespace adyton::keep {
namespace {

constexpr auto kHere = static_cast<std::uint64_t>(AT_FDCWD);

// The name once for each call; a program that asks again and again does not flood the log.
std::int64_t not_there(Kernel& kernel, const ThreadState& thread, std::uint64_t number) {
  if (number < 512) {
    const std::uint64_t bit = std::uint64_t{1} << (number % 64);
    if ((__atomic_fetch_or(&kernel.named_calls[number / 64], bit, __ATOMIC_RELAXED) & bit) == 0) {
      log(thread, Line() << "adyton: system call " << number << " is not there in an SGX enclave (ENOSYS)\n");
    }
  }
  return -ENOSYS;
}

std::int64_t refuse_execve(const ThreadState& thread) {
  log(thread, Line() << "adyton: execve: an SGX enclave runs the one program that was measured\n");
  return -ENOSYS;
}

std::int64_t answer(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const std::uint64_t a = frame.rdi, b = frame.rsi, c = frame.rdx;
  switch (frame.rax) {
    case __NR_read: return call_read(kernel, thread, a, b, c);
    case __NR_write: return call_write(kernel, thread, a, b, c);
    case __NR_readv: return call_readv(kernel, thread, frame);
    case __NR_writev: return call_writev(kernel, thread, frame);
    case __NR_close: return call_close(kernel, a);
    case __NR_dup: return kernel.descriptors.duplicate(a, 0, false);
    case __NR_dup2:
      return a == b ? (kernel.descriptors.find(a) != nullptr ? static_cast<std::int64_t>(a) : -EBADF)
                    : call_dup3(kernel, a, b, 0);
    case __NR_dup3: return call_dup3(kernel, a, b, c);
    case __NR_fcntl: return call_fcntl(kernel, frame);

    case __NR_pipe: return call_pipe(kernel, a, 0);
    case __NR_pipe2: return call_pipe(kernel, a, b);
    case __NR_eventfd: return call_eventfd(kernel, a, 0);
    case __NR_eventfd2: return call_eventfd(kernel, a, b);
    case __NR_poll: {
      const auto milliseconds = static_cast<std::int32_t>(c);
      const Time most{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
      return call_poll(kernel, thread, a, b, milliseconds < 0 ? nullptr : &most);
    }
    case __NR_ppoll: {
      const auto* given = c != 0 ? kernel.user.in<Time>(c) : nullptr;
      if (c != 0 && given == nullptr) return -EFAULT;
      const Time most = given != nullptr ? *given : Time{};
      if (!most.valid()) return -EINVAL;
      return call_poll(kernel, thread, a, b, given != nullptr ? &most : nullptr);
    }

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
    case __NR_readlink: return call_readlink(kernel, a, b, c);
    case __NR_readlinkat: return call_readlink(kernel, b, c, frame.r10);
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
    case __NR_fsync:
    case __NR_fdatasync: return call_fsync(kernel, a);
    case __NR_umask: return 022;
    case __NR_ioctl: return kernel.descriptors.find(a) != nullptr ? -ENOTTY : -EBADF;

    case __NR_brk: return call_brk(kernel, a);
    case __NR_mmap: return call_mmap(kernel, frame);
    case __NR_munmap: return call_munmap(kernel, a, b);
    case __NR_mprotect: return call_mprotect(kernel, a, b, c);
    case __NR_mremap: return call_mremap(kernel, frame);
    case __NR_madvise: return call_madvise(kernel, a, b, c);

    case __NR_arch_prctl: return call_arch_prctl(kernel, a, b);
    case __NR_set_tid_address: thread.clear_thread_id = a; return thread.thread_id;
    case __NR_set_robust_list: return call_set_robust_list(kernel, thread, frame);
    case __NR_rseq: return -ENOSYS;  // without a word: the C library asks, and does without
    case __NR_prlimit64: return call_prlimit(kernel, frame);
    case __NR_getrandom: return call_getrandom(kernel, a, b, c);
    case __NR_uname: return call_uname(kernel, a);
    case __NR_sysinfo: return call_sysinfo(kernel, a);
    case __NR_prctl: return call_prctl(kernel, frame);
    case __NR_getpid: return kProcess;
    case __NR_getppid: return 1;
    case __NR_getpgrp:
    case __NR_getsid: return kProcess;
    case __NR_gettid: return thread.thread_id;
    case __NR_getuid:
    case __NR_geteuid:
    case __NR_getgid:
    case __NR_getegid: return 1000;
    case __NR_sched_yield: ask_host(KeepRequest::kYield); return 0;
    case __NR_sched_getaffinity: return call_sched_getaffinity(kernel, frame);
    case __NR_sched_setaffinity: return call_sched_setaffinity(kernel, thread, frame);
    case __NR_getcpu: return call_getcpu(kernel, a, b);

    case __NR_clock_gettime: return call_clock_gettime(kernel, a, b);
    case __NR_clock_getres: return call_clock_getres(kernel, a, b);
    case __NR_gettimeofday: return call_gettimeofday(kernel, a);
    case __NR_time: return call_time(kernel, a);
    case __NR_nanosleep: return call_nanosleep(kernel, thread, 1, 0, a);
    case __NR_clock_nanosleep: return call_nanosleep(kernel, thread, a, b, c);

    case __NR_rt_sigaction: return call_sigaction(kernel, frame);
    case __NR_rt_sigprocmask: return call_sigprocmask(kernel, thread, frame);
    case __NR_sigaltstack: return call_sigaltstack(kernel, thread, frame);
    case __NR_kill:
    case __NR_tkill: return call_kill(kernel, thread, a, b);
    case __NR_tgkill: return a == kProcess ? call_kill(kernel, thread, b, c) : -ESRCH;

    case __NR_clone: return call_clone(kernel, thread, frame);
    case __NR_clone3: return call_clone3(kernel, thread, frame);
    case __NR_fork:
    case __NR_vfork: {
      const Frame as_clone{};  // no flag of a thread: refused in words
      return call_clone(kernel, thread, as_clone);
    }
    case __NR_execve:
    case __NR_execveat: return refuse_execve(thread);
    case __NR_futex: return call_futex(kernel, thread, frame);
    case __NR_exit: end_thread(kernel, thread, a);
    case __NR_exit_group: end_application(kernel, thread, KeepExit::kExited, a & 0xff, 0);
    default: return not_there(kernel, thread, frame.rax);
  }
}

void answer(Kernel& kernel, ThreadState& thread) {
  if (thread.frame.rax == __NR_rt_sigreturn) return return_from_signal(kernel, thread);
  thread.frame.rax = static_cast<std::uint64_t>(answer(kernel, thread, thread.frame));
}

void answer_and_tell(Kernel& kernel, ThreadState& thread) {
  const Frame asked = thread.frame;
  const std::uint64_t before = thread.requests;
  const bool returns = asked.rax != __NR_exit && asked.rax != __NR_exit_group && asked.rax != __NR_rt_sigreturn;
  if (!returns) trace_call(kernel, thread, asked, nullptr, 0);
  answer(kernel, thread);
  if (returns) trace_call(kernel, thread, asked, &thread.frame.rax, thread.requests - before);
}

}  // namespace

void answer_syscall(Kernel& kernel, ThreadState& thread) {
  if (kernel.traced) {
    answer_and_tell(kernel, thread);
  } else {
    answer(kernel, thread);
  }
  if (has_signal(thread)) deliver_signals(kernel, thread);
}

}  // namespace adyton::keep
