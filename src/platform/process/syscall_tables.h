// SPDX-License-Identifier: Apache-2.0
// The tables of syscall_policy.cc: data only, to be read as a whole by whoever reviews what an enclave can do.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>

#include <asm/sgx.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "platform/process/orders.h"
#include "platform/process/syscall_policy.h"

namespace adyton::syscalls {

// ---------------------------------------------------------------------------------------------------------------
// Always allowed, whatever the arguments.

inline constexpr int kMemory[] = {SYS_brk,   SYS_munmap,     SYS_mremap,       SYS_madvise,
                                  SYS_mlock, SYS_mlock2,     SYS_munlock,      SYS_mlockall,
                                  SYS_msync, SYS_munlockall, SYS_memfd_secret, SYS_membarrier};

inline constexpr int kThreads[] = {SYS_futex,
                                   SYS_futex_waitv,
                                   SYS_set_robust_list,
                                   SYS_rseq,
                                   SYS_set_tid_address,
                                   SYS_sched_getaffinity,
                                   SYS_sched_yield,
                                   SYS_getcpu,
                                   SYS_sched_getparam,
                                   SYS_sched_getscheduler,
                                   SYS_sched_get_priority_max,
                                   SYS_exit,
                                   SYS_exit_group,
                                   SYS_sched_get_priority_min};

inline constexpr int kTime[] = {SYS_clock_gettime,    SYS_clock_getres,    SYS_clock_nanosleep,
                                SYS_nanosleep,        SYS_gettimeofday,    SYS_time,
                                SYS_getitimer,        SYS_setitimer,       SYS_alarm,
                                SYS_timer_create,     SYS_timer_settime,   SYS_timer_gettime,
                                SYS_timer_getoverrun, SYS_timer_delete,    SYS_timerfd_create,
                                SYS_timerfd_settime,  SYS_timerfd_gettime, SYS_times,
                                SYS_getrusage};

// To itself; sending is further down.
inline constexpr int kSignals[] = {SYS_rt_sigaction,  SYS_rt_sigprocmask,  SYS_rt_sigreturn, SYS_rt_sigpending,
                                   SYS_rt_sigsuspend, SYS_rt_sigtimedwait, SYS_sigaltstack,  SYS_signalfd4,
                                   SYS_pause,         SYS_restart_syscall};

// Only of descriptors it was given or made itself: pipes, events, timers.
inline constexpr int kDescriptors[] = {
    SYS_read,      SYS_write,      SYS_readv,       SYS_writev,       SYS_pread64,  SYS_pwrite64,     SYS_preadv,
    SYS_pwritev,   SYS_preadv2,    SYS_pwritev2,    SYS_lseek,        SYS_close,    SYS_close_range,  SYS_fstat,
    SYS_ftruncate, SYS_dup,        SYS_dup2,        SYS_dup3,         SYS_pipe,     SYS_pipe2,        SYS_eventfd,
    SYS_eventfd2,  SYS_poll,       SYS_ppoll,       SYS_select,       SYS_pselect6, SYS_epoll_create, SYS_epoll_create1,
    SYS_epoll_ctl, SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_fsync,    SYS_fdatasync};

inline constexpr int kQuestions[] = {SYS_getpid,      SYS_gettid,  SYS_getppid,   SYS_getuid,    SYS_geteuid,
                                     SYS_getgid,      SYS_getegid, SYS_getresuid, SYS_getresgid, SYS_getgroups,
                                     SYS_getpgrp,     SYS_getpgid, SYS_getsid,    SYS_capget,    SYS_getrlimit,
                                     SYS_getpriority, SYS_uname,   SYS_sysinfo,   SYS_getrandom};

// ---------------------------------------------------------------------------------------------------------------
// Allowed by the manifest.

// files.read or files.write: the calls that take a path. Which paths is not decided here but by the enclave's root
// folder and by Landlock.
inline constexpr int kReadFiles[] = {SYS_stat,       SYS_lstat,      SYS_statx,     SYS_newfstatat, SYS_access,
                                     SYS_faccessat,  SYS_faccessat2, SYS_readlink,  SYS_readlinkat, SYS_getdents,
                                     SYS_getdents64, SYS_getcwd,     SYS_chdir,     SYS_fchdir,     SYS_statfs,
                                     SYS_fstatfs,    SYS_flock,      SYS_fadvise64, SYS_readahead};

// files.write. Not chmod, chown, links and extended attributes: a file may belong to the host's root.
inline constexpr int kWriteFiles[] = {SYS_unlink,          SYS_unlinkat,  SYS_rename,   SYS_renameat,
                                      SYS_renameat2,       SYS_rmdir,     SYS_truncate, SYS_fallocate,
                                      SYS_sync_file_range, SYS_utimensat, SYS_umask,    SYS_copy_file_range};

// network.connect or network.listen. Which ports is decided by Landlock.
inline constexpr int kNetwork[] = {SYS_getsockname, SYS_getpeername, SYS_setsockopt, SYS_getsockopt,
                                   SYS_shutdown,    SYS_recvfrom,    SYS_recvmsg};
inline constexpr int kConnect[] = {SYS_connect};
inline constexpr int kListen[] = {SYS_bind, SYS_listen, SYS_accept, SYS_accept4};

// ---------------------------------------------------------------------------------------------------------------
// Allowed, or refused with EPERM, depending on arguments. Several rules of one call: any that holds decides; they
// must not overlap. `needs`: the part of the manifest without which the rule is not there.

enum class Needs : std::uint8_t {
  kNothing,
  kFiles,
  kFilesOnlyToRead,
  kFilesToWrite,
  kNoFiles,
  kPorts,
  kEmulator,
  kNoEmulator,
  kDevice,
  kNoDevice
};
inline constexpr std::uint32_t kAllow = SCMP_ACT_ALLOW, kRefuse = SCMP_ACT_ERRNO(EPERM);

struct Rule {
  int call;
  std::uint32_t action;
  Needs needs;
  std::array<scmp_arg_cmp, 3> conditions;
  unsigned count;
};

constexpr scmp_arg_cmp is(unsigned argument, std::uint64_t value) { return {argument, SCMP_CMP_EQ, value, 0}; }
constexpr scmp_arg_cmp is_not(unsigned argument, std::uint64_t value) { return {argument, SCMP_CMP_NE, value, 0}; }
constexpr scmp_arg_cmp bits(unsigned argument, std::uint64_t mask, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}
template <class... C>
constexpr Rule when(int call, std::uint32_t action, Needs needs, C... conditions) {
  return Rule{call, action, needs, {conditions...}, sizeof...(C)};
}

inline constexpr std::uint64_t kThreadFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
inline constexpr std::uint64_t kProcessFlags = CLONE_VFORK | CLONE_PARENT | CLONE_PTRACE | CLONE_PIDFD | CLONE_NEWNS |
                                               CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                                               CLONE_NEWUTS | CLONE_NEWCGROUP;
inline constexpr std::uint64_t kSetIds = S_ISUID | S_ISGID;
inline constexpr std::uint64_t kMakesFile = O_CREAT | (O_TMPFILE & ~O_DIRECTORY);
inline constexpr std::uint64_t kStreamType = 0xf;  // the rest of socket()'s type is SOCK_CLOEXEC and SOCK_NONBLOCK

inline constexpr Rule kConditional[] = {
    // Memory is never made executable: what runs is what was measured.
    when(SYS_mmap, kAllow, Needs::kNothing, bits(2, PROT_EXEC, 0)),
    when(SYS_mmap, kRefuse, Needs::kNoDevice, bits(2, PROT_EXEC, PROT_EXEC)),
    when(SYS_mprotect, kAllow, Needs::kNothing, bits(2, PROT_EXEC, 0)),
    when(SYS_mprotect, kRefuse, Needs::kNoEmulator, bits(2, PROT_EXEC, PROT_EXEC)),

    // But by a program that emulates a processor, in which the enclave's code lies. 0x1011 and 0x1012 are
    // ARCH_GET_CPUID and ARCH_SET_CPUID, 59 is PR_SET_SYSCALL_USER_DISPATCH.
    when(SYS_mprotect, kAllow, Needs::kEmulator, bits(2, PROT_EXEC | PROT_WRITE, PROT_EXEC)),
    when(SYS_mprotect, kRefuse, Needs::kEmulator, bits(2, PROT_EXEC | PROT_WRITE, PROT_EXEC | PROT_WRITE)),
    when(SYS_arch_prctl, kAllow, Needs::kEmulator, is(0, 0x1011)),
    when(SYS_arch_prctl, kAllow, Needs::kEmulator, is(0, 0x1012)),
    when(SYS_prctl, kAllow, Needs::kEmulator, is(0, 59)),
    when(SYS_prctl, kAllow, Needs::kEmulator, is(0, PR_SET_TSC)),

    // Or of an enclave of the processor: its pages are the device's, which alone are mapped to be executed.
    when(SYS_mmap, kAllow, Needs::kDevice, bits(2, PROT_EXEC, PROT_EXEC), is(4, kHandedDevice)),
    when(SYS_mmap, kRefuse, Needs::kDevice, bits(2, PROT_EXEC, PROT_EXEC), is_not(4, kHandedDevice)),
    when(SYS_ioctl, kAllow, Needs::kDevice, is(0, kHandedDevice), is(1, SGX_IOC_ENCLAVE_CREATE)),
    when(SYS_ioctl, kAllow, Needs::kDevice, is(0, kHandedDevice), is(1, SGX_IOC_ENCLAVE_ADD_PAGES)),
    when(SYS_ioctl, kAllow, Needs::kDevice, is(0, kHandedDevice), is(1, SGX_IOC_ENCLAVE_INIT)),
    when(SYS_ioctl, kAllow, Needs::kDevice, is(0, kHandedDevice), is(1, SGX_IOC_ENCLAVE_PROVISION)),

    // Threads, no processes. (clone3 hides its flags in memory; the C library falls back to clone on ENOSYS.)
    when(SYS_clone, kAllow, Needs::kNothing, bits(0, kThreadFlags | kProcessFlags, kThreadFlags)),
    when(SYS_clone, kRefuse, Needs::kNothing, bits(0, CLONE_THREAD, 0)),
    when(SYS_sched_setaffinity, kAllow, Needs::kNothing, is(0, 0)),
    when(SYS_sched_setaffinity, kRefuse, Needs::kNothing, is_not(0, 0)),

    // Signals to itself: raise(), abort(), pthread_kill().
    when(SYS_tgkill, kAllow, Needs::kNothing, is(0, supervisor::kOwnProcessPlaceholder)),
    when(SYS_tgkill, kRefuse, Needs::kNothing, is_not(0, supervisor::kOwnProcessPlaceholder)),

    // Limits are read, not set.
    when(SYS_prlimit64, kAllow, Needs::kNothing, is(0, 0), is(2, 0)),
    when(SYS_prlimit64, kRefuse, Needs::kNothing, is_not(2, 0)),

    // The thread's own registers; 0x1002 and 0x1003 are ARCH_SET_FS and ARCH_GET_FS.
    when(SYS_arch_prctl, kAllow, Needs::kNothing, is(0, 0x1002)),
    when(SYS_arch_prctl, kAllow, Needs::kNothing, is(0, 0x1003)),

    // Names of threads and of memory, and two questions. Never PR_SET_DUMPABLE, PR_SET_PTRACER and the like.
    when(SYS_prctl, kAllow, Needs::kNothing, is(0, PR_SET_NAME)),
    when(SYS_prctl, kAllow, Needs::kNothing, is(0, PR_GET_NAME)),
    when(SYS_prctl, kAllow, Needs::kNothing, is(0, PR_SET_VMA)),
    when(SYS_prctl, kAllow, Needs::kNothing, is(0, PR_GET_DUMPABLE)),
    when(SYS_prctl, kAllow, Needs::kNothing, is(0, PR_CAPBSET_READ)),
    when(SYS_prctl, kRefuse, Needs::kNothing, is(0, PR_SET_DUMPABLE)),
    when(SYS_prctl, kRefuse, Needs::kNothing, is(0, PR_SET_PTRACER)),
    when(SYS_prctl, kRefuse, Needs::kNothing, is(0, PR_SET_PDEATHSIG)),
    when(SYS_prctl, kRefuse, Needs::kNothing, is(0, PR_SET_SECCOMP)),
    when(SYS_prctl, kRefuse, Needs::kNothing, is(0, PR_CAP_AMBIENT)),
    when(SYS_prctl, kRefuse, Needs::kNothing, is(0, PR_SET_MM)),

    // What a descriptor is and how it waits. Not F_SETOWN and F_SETSIG (signals to others), not TIOCSTI (typing into
    // the host's terminal).
    when(SYS_fcntl, kAllow, Needs::kNothing, is(1, F_DUPFD)),
    when(SYS_fcntl, kAllow, Needs::kNothing, is(1, F_DUPFD_CLOEXEC)),
    when(SYS_fcntl, kAllow, Needs::kNothing, is(1, F_GETFD)),
    when(SYS_fcntl, kAllow, Needs::kNothing, is(1, F_SETFD)),
    when(SYS_fcntl, kAllow, Needs::kNothing, is(1, F_GETFL)),
    when(SYS_fcntl, kAllow, Needs::kNothing, is(1, F_SETFL)),
    when(SYS_fcntl, kAllow, Needs::kNothing, is(1, F_GET_SEALS)),
    when(SYS_fcntl, kAllow, Needs::kNothing, is(1, F_GETPIPE_SZ)),
    when(SYS_fcntl, kAllow, Needs::kFiles, is(1, F_GETLK)),
    when(SYS_fcntl, kAllow, Needs::kFiles, is(1, F_SETLK)),
    when(SYS_fcntl, kAllow, Needs::kFiles, is(1, F_SETLKW)),
    when(SYS_fcntl, kAllow, Needs::kFiles, is(1, F_OFD_GETLK)),
    when(SYS_fcntl, kAllow, Needs::kFiles, is(1, F_OFD_SETLK)),
    when(SYS_fcntl, kAllow, Needs::kFiles, is(1, F_OFD_SETLKW)),
    when(SYS_ioctl, kAllow, Needs::kNothing, is(1, TCGETS)),
    when(SYS_ioctl, kAllow, Needs::kNothing, is(1, TIOCGWINSZ)),
    when(SYS_ioctl, kAllow, Needs::kNothing, is(1, FIONREAD)),
    when(SYS_ioctl, kAllow, Needs::kNothing, is(1, FIONBIO)),
    when(SYS_ioctl, kRefuse, Needs::kNothing, is(1, TIOCSTI)),

    // fstat() of the C library. A path could be given all the same: it says what files exist only where the root
    // folder could not be emptied.
    when(SYS_newfstatat, kAllow, Needs::kNoFiles, bits(3, AT_EMPTY_PATH, AT_EMPTY_PATH)),
    when(SYS_newfstatat, kRefuse, Needs::kNoFiles, bits(3, AT_EMPTY_PATH, 0)),

    // Reading opens for reading; writing makes no set-user-id file, which might belong to the host's root.
    when(SYS_open, kAllow, Needs::kFilesOnlyToRead, bits(1, kMakesFile | O_ACCMODE | O_TRUNC, O_RDONLY)),
    when(SYS_openat, kAllow, Needs::kFilesOnlyToRead, bits(2, kMakesFile | O_ACCMODE | O_TRUNC, O_RDONLY)),
    when(SYS_open, kAllow, Needs::kFilesToWrite, bits(1, kMakesFile, 0)),
    when(SYS_openat, kAllow, Needs::kFilesToWrite, bits(2, kMakesFile, 0)),
    when(SYS_open, kAllow, Needs::kFilesToWrite, bits(1, O_CREAT, O_CREAT), bits(2, kSetIds, 0)),
    when(SYS_openat, kAllow, Needs::kFilesToWrite, bits(2, O_CREAT, O_CREAT), bits(3, kSetIds, 0)),
    when(SYS_creat, kAllow, Needs::kFilesToWrite, bits(1, kSetIds, 0)),
    when(SYS_mkdir, kAllow, Needs::kFilesToWrite, bits(1, kSetIds, 0)),
    when(SYS_mkdirat, kAllow, Needs::kFilesToWrite, bits(2, kSetIds, 0)),

    // TCP. No other protocol of SOCK_STREAM (Landlock does not see its ports), no data with the connection's first
    // packet (which connects without connect()).
    when(SYS_socket, kAllow, Needs::kPorts, is(0, AF_INET), bits(1, kStreamType, SOCK_STREAM), is(2, 0)),
    when(SYS_socket, kAllow, Needs::kPorts, is(0, AF_INET), bits(1, kStreamType, SOCK_STREAM), is(2, IPPROTO_TCP)),
    when(SYS_socket, kAllow, Needs::kPorts, is(0, AF_INET6), bits(1, kStreamType, SOCK_STREAM), is(2, 0)),
    when(SYS_socket, kAllow, Needs::kPorts, is(0, AF_INET6), bits(1, kStreamType, SOCK_STREAM), is(2, IPPROTO_TCP)),
    when(SYS_sendto, kAllow, Needs::kPorts, bits(3, MSG_FASTOPEN, 0)),
    when(SYS_sendmsg, kAllow, Needs::kPorts, bits(2, MSG_FASTOPEN, 0)),
};

// ---------------------------------------------------------------------------------------------------------------
// Refused with EPERM where ENOSYS would look like an old kernel. What the manifest allows is taken out first.

inline constexpr int kRefused[] = {
    // other processes
    SYS_fork, SYS_vfork, SYS_execve, SYS_ptrace, SYS_kill, SYS_tkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
    SYS_process_vm_readv, SYS_process_vm_writev, SYS_process_madvise, SYS_kcmp, SYS_pidfd_open, SYS_pidfd_getfd,
    SYS_pidfd_send_signal, SYS_setpgid, SYS_setsid, SYS_setpriority, SYS_sched_setparam, SYS_sched_setscheduler,
    SYS_sched_setattr, SYS_migrate_pages, SYS_move_pages,
    // files and descriptors of others
    SYS_open, SYS_openat, SYS_openat2, SYS_creat, SYS_mkdir, SYS_mkdirat, SYS_unlink, SYS_unlinkat, SYS_rename,
    SYS_renameat, SYS_renameat2, SYS_rmdir, SYS_link, SYS_linkat, SYS_symlink, SYS_symlinkat, SYS_mknod, SYS_mknodat,
    SYS_chmod, SYS_fchmod, SYS_fchmodat, SYS_chown, SYS_fchown, SYS_fchownat, SYS_lchown, SYS_truncate, SYS_setxattr,
    SYS_fsetxattr, SYS_lsetxattr, SYS_stat, SYS_lstat, SYS_statx, SYS_access, SYS_faccessat, SYS_faccessat2,
    SYS_readlink, SYS_readlinkat, SYS_getdents, SYS_getdents64, SYS_chdir, SYS_fchdir, SYS_getcwd, SYS_chroot,
    SYS_name_to_handle_at, SYS_open_by_handle_at, SYS_inotify_init, SYS_inotify_init1, SYS_fanotify_init,
    SYS_memfd_create, SYS_shmget, SYS_shmat, SYS_msgget, SYS_semget, SYS_mq_open,
    // the network
    SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_sendto, SYS_sendmsg,
    SYS_sendmmsg, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_setsockopt, SYS_getsockopt, SYS_shutdown,
    // rights and limits
    SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setfsuid, SYS_setfsgid,
    SYS_setgroups, SYS_capset, SYS_setrlimit, SYS_personality, SYS_seccomp, SYS_ioperm, SYS_iopl, SYS_modify_ldt,
    // the machine
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fspick, SYS_mount_setattr,
    SYS_setns, SYS_unshare, SYS_sethostname, SYS_setdomainname, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_io_setup, SYS_io_submit, SYS_keyctl, SYS_add_key,
    SYS_request_key, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load,
    SYS_reboot, SYS_swapon, SYS_swapoff, SYS_quotactl, SYS_acct, SYS_syslog, SYS_settimeofday, SYS_clock_settime,
    SYS_clock_adjtime, SYS_adjtimex, SYS_vhangup, SYS_pkey_mprotect, SYS_vmsplice, SYS_splice, SYS_tee};

}  // namespace adyton::syscalls
