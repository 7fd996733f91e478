// SPDX-License-Identifier: Apache-2.0
// What a hostile enclave would try. Prints "NAME ERRNO" for each attempt, "NAME ALLOWED" for one that succeeded, and
// "done" at the end. With an argument, makes one attempt that a sandbox answers with death.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

static char* const kShell[] = {"/bin/sh", "-c", "exit 0", NULL};
static char* const kNoEnvironment[] = {NULL};

// Runs the system call; a child that it made says so by its very existence.
static void attempt(const char* name, long result) {
  if (result < 0) {
    printf("%s %d\n", name, errno);
  } else {
    printf("%s ALLOWED\n", name);
  }
  fflush(stdout);
}
#define TRY_CALL(name, ...) attempt(#name, syscall(__VA_ARGS__))

static void files(void) {
  TRY_CALL(open, SYS_open, "/etc/passwd", O_RDONLY);
  TRY_CALL(open_proc, SYS_open, "/proc/self/mem", O_RDWR);
  TRY_CALL(openat, SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
  TRY_CALL(openat_write, SYS_openat, AT_FDCWD, "/tmp/adyton-hostile", O_WRONLY | O_CREAT, 0600);
  long how[3] = {O_RDONLY, 0, 0};
  TRY_CALL(openat2, SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof how);
  TRY_CALL(creat, SYS_creat, "/tmp/adyton-hostile", 0600);
  TRY_CALL(mkdir, SYS_mkdir, "/tmp/adyton-hostile", 0700);
  TRY_CALL(unlink, SYS_unlink, "/tmp/adyton-hostile");
  TRY_CALL(rename, SYS_rename, "/tmp", "/tmp2");
  TRY_CALL(link, SYS_link, "/etc/passwd", "/tmp/adyton-hostile");
  TRY_CALL(symlink, SYS_symlink, "/etc/passwd", "/tmp/adyton-hostile");
  TRY_CALL(mknod, SYS_mknod, "/tmp/adyton-hostile", 0600, 0);
  TRY_CALL(chmod, SYS_chmod, "/", 0777);
  TRY_CALL(fchmod, SYS_fchmod, 1, 0777);
  TRY_CALL(chown, SYS_chown, "/", 0, 0);
  TRY_CALL(truncate, SYS_truncate, "/etc/passwd", 0);
  TRY_CALL(setxattr, SYS_setxattr, "/", "user.x", "y", 1, 0);
  TRY_CALL(stat, SYS_stat, "/etc/passwd", malloc(4096));
  TRY_CALL(statx, SYS_statx, AT_FDCWD, "/etc/passwd", 0, 0xfff, malloc(4096));
  TRY_CALL(newfstatat, SYS_newfstatat, AT_FDCWD, "/etc/passwd", malloc(4096), 0);
  TRY_CALL(access, SYS_access, "/", R_OK);
  TRY_CALL(readlink, SYS_readlink, "/proc/self/exe", malloc(4096), 4096);
  TRY_CALL(chdir, SYS_chdir, "/");
  TRY_CALL(chroot, SYS_chroot, "/");
  TRY_CALL(getcwd, SYS_getcwd, malloc(4096), 4096);
  TRY_CALL(inotify, SYS_inotify_init1, 0);
  TRY_CALL(fanotify, SYS_fanotify_init, 0, 0);
  TRY_CALL(name_to_handle_at, SYS_name_to_handle_at, AT_FDCWD, "/", NULL, NULL, 0);
  TRY_CALL(memfd_create, SYS_memfd_create, "x", 0);
  TRY_CALL(shmget, SYS_shmget, 0, 4096, 0600);
  TRY_CALL(msgget, SYS_msgget, 0, 0600);
  TRY_CALL(mq_open, SYS_mq_open, "x", O_RDWR | O_CREAT, 0600, NULL);
  TRY_CALL(splice, SYS_splice, 0, NULL, 1, NULL, 1, 0);
}

static void network(void) {
  TRY_CALL(socket_inet, SYS_socket, AF_INET, SOCK_STREAM, 0);
  TRY_CALL(socket_inet6, SYS_socket, AF_INET6, SOCK_DGRAM, 0);
  TRY_CALL(socket_unix, SYS_socket, AF_UNIX, SOCK_STREAM, 0);
  TRY_CALL(socket_netlink, SYS_socket, AF_NETLINK, SOCK_RAW, 0);
  TRY_CALL(socket_packet, SYS_socket, AF_PACKET, SOCK_RAW, 0);
  TRY_CALL(socket_vsock, SYS_socket, AF_VSOCK, SOCK_STREAM, 0);
  int pair[2];
  TRY_CALL(socketpair, SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
  TRY_CALL(connect, SYS_connect, 0, &address, sizeof address);
  TRY_CALL(bind, SYS_bind, 0, &address, sizeof address);
  struct msghdr message = {0};
  TRY_CALL(sendmsg, SYS_sendmsg, 1, &message, 0);
  TRY_CALL(recvmsg, SYS_recvmsg, 0, &message, MSG_DONTWAIT);
}

static void processes(void) {
  long child;
#define TRY_CHILD(name, ...)                  \
  child = syscall(__VA_ARGS__);               \
  if (child == 0) syscall(SYS_exit_group, 0); \
  attempt(#name, child)
  TRY_CHILD(fork, SYS_fork);
  TRY_CHILD(vfork, SYS_vfork);
  TRY_CHILD(clone, SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
  TRY_CHILD(clone_memory, SYS_clone, CLONE_FS | SIGCHLD, NULL, NULL, NULL, NULL);
  TRY_CHILD(clone_user, SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
  struct clone_args arguments = {.exit_signal = SIGCHLD};
  TRY_CHILD(clone3, SYS_clone3, &arguments, sizeof arguments);
  TRY_CALL(execve, SYS_execve, "/bin/sh", kShell, kNoEnvironment);
  TRY_CALL(execveat, SYS_execveat, AT_FDCWD, "/bin/sh", kShell, kNoEnvironment, 0);
  TRY_CALL(execveat_path, SYS_execveat, 0, "/bin/sh", kShell, kNoEnvironment, AT_EMPTY_PATH);
  for (int descriptor = 0; descriptor < 2048; ++descriptor) {
    if (syscall(SYS_execveat, descriptor, "", kShell, kNoEnvironment, AT_EMPTY_PATH) >= 0)
      attempt("execveat_number", 0);
  }
  attempt("execveat_number", -1);

  const int parent = getppid();
  TRY_CALL(ptrace_traceme, SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
  TRY_CALL(ptrace_parent, SYS_ptrace, PTRACE_ATTACH, parent, 0, 0);
  TRY_CALL(kill_parent, SYS_kill, parent, SIGKILL);
  TRY_CALL(kill_all, SYS_kill, -1, SIGKILL);
  TRY_CALL(kill_group, SYS_kill, 0, SIGKILL);
  TRY_CALL(kill_init, SYS_kill, 1, SIGKILL);
  TRY_CALL(kill_self, SYS_kill, getpid(), 0);
  TRY_CALL(tkill_parent, SYS_tkill, parent, SIGKILL);
  TRY_CALL(tgkill_parent, SYS_tgkill, parent, parent, SIGKILL);
  TRY_CALL(tgkill_other, SYS_tgkill, getpid() + 1, getpid() + 1, SIGKILL);
  siginfo_t info = {.si_code = SI_QUEUE};
  TRY_CALL(rt_sigqueueinfo, SYS_rt_sigqueueinfo, parent, SIGKILL, &info);
  TRY_CALL(rt_tgsigqueueinfo, SYS_rt_tgsigqueueinfo, parent, parent, SIGKILL, &info);
  TRY_CALL(pidfd_open, SYS_pidfd_open, parent, 0);
  TRY_CALL(pidfd_getfd, SYS_pidfd_getfd, 3, 0, 0);
  TRY_CALL(pidfd_send_signal, SYS_pidfd_send_signal, 3, SIGKILL, NULL, 0);
  char buffer[16];
  struct iovec local = {buffer, sizeof buffer}, remote = {buffer, sizeof buffer};
  TRY_CALL(process_vm_readv, SYS_process_vm_readv, parent, &local, 1, &remote, 1, 0);
  TRY_CALL(process_vm_writev, SYS_process_vm_writev, parent, &local, 1, &remote, 1, 0);
  TRY_CALL(process_vm_self, SYS_process_vm_readv, getpid(), &local, 1, &remote, 1, 0);
  TRY_CALL(kcmp, SYS_kcmp, getpid(), parent, 0, 0, 0);
  TRY_CALL(setpgid, SYS_setpgid, 0, 0);
  TRY_CALL(setsid, SYS_setsid);
  TRY_CALL(setpriority, SYS_setpriority, PRIO_PROCESS, parent, 10);
  unsigned long processors = 1;
  TRY_CALL(sched_setaffinity_parent, SYS_sched_setaffinity, parent, sizeof processors, &processors);
  TRY_CALL(fcntl_setown, SYS_fcntl, 0, F_SETOWN, parent);
  TRY_CALL(fcntl_setsig, SYS_fcntl, 0, 10, SIGKILL);
}

static void rights(void) {
  TRY_CALL(prctl_dumpable, SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
  TRY_CALL(prctl_ptracer, SYS_prctl, PR_SET_PTRACER, -1, 0, 0, 0);
  TRY_CALL(prctl_pdeathsig, SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);
  TRY_CALL(prctl_keepcaps, SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
  TRY_CALL(prctl_seccomp, SYS_prctl, PR_SET_SECCOMP, 2, NULL, 0, 0);
  TRY_CALL(prctl_subreaper, SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  TRY_CALL(prctl_mm, SYS_prctl, PR_SET_MM, PR_SET_MM_BRK, 0, 0, 0);
  TRY_CALL(prctl_ambient, SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0);
  TRY_CALL(seccomp, SYS_seccomp, 1, 0, NULL);
  struct rlimit limit = {1 << 20, 1 << 20};
  TRY_CALL(setrlimit, SYS_setrlimit, RLIMIT_NOFILE, &limit);
  TRY_CALL(setrlimit_core, SYS_setrlimit, RLIMIT_CORE, &limit);
  TRY_CALL(prlimit, SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, NULL);
  TRY_CALL(prlimit_parent, SYS_prlimit64, getppid(), RLIMIT_NOFILE, NULL, &limit);
  TRY_CALL(setuid, SYS_setuid, 0);
  TRY_CALL(setresuid, SYS_setresuid, 0, 0, 0);
  TRY_CALL(setgroups, SYS_setgroups, 0, NULL);
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{~0u, ~0u, ~0u}, {~0u, ~0u, ~0u}};
  TRY_CALL(capset, SYS_capset, &header, data);
  TRY_CALL(personality, SYS_personality, 0x0400000);
  TRY_CALL(iopl, SYS_iopl, 3);
  TRY_CALL(ioperm, SYS_ioperm, 0x80, 1, 1);
  TRY_CALL(modify_ldt, SYS_modify_ldt, 0, NULL, 0);
}

static void memory(void) {
  attempt("mmap_exec", (long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  void* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  TRY_CALL(mprotect_exec, SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC);
  TRY_CALL(mprotect_all, SYS_mprotect, page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
  TRY_CALL(pkey_mprotect, SYS_pkey_mprotect, page, 4096, PROT_EXEC, -1);
  TRY_CALL(remap_file_pages, SYS_remap_file_pages, page, 4096, 0, 0, 0);
  TRY_CALL(userfaultfd, SYS_userfaultfd, 0);
}

static void machine(void) {
  TRY_CALL(mount, SYS_mount, "none", "/", "tmpfs", 0, NULL);
  TRY_CALL(umount, SYS_umount2, "/", 2);
  TRY_CALL(pivot_root, SYS_pivot_root, ".", ".");
  TRY_CALL(open_tree, SYS_open_tree, AT_FDCWD, "/", 1);
  TRY_CALL(fsopen, SYS_fsopen, "tmpfs", 0);
  TRY_CALL(unshare_user, SYS_unshare, CLONE_NEWUSER);
  TRY_CALL(unshare_files, SYS_unshare, CLONE_FILES);
  TRY_CALL(setns, SYS_setns, 0, 0);
  TRY_CALL(sethostname, SYS_sethostname, "x", 1);
  unsigned char attributes[128] = {0};
  TRY_CALL(bpf, SYS_bpf, 0, attributes, sizeof attributes);
  struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event, .exclude_kernel = 1};
  TRY_CALL(perf_event_open, SYS_perf_event_open, &event, 0, -1, -1, 0);
  struct io_uring_params ring = {0};
  TRY_CALL(io_uring_setup, SYS_io_uring_setup, 1, &ring);
  unsigned long context = 0;
  TRY_CALL(io_setup, SYS_io_setup, 1, &context);
  TRY_CALL(keyctl, SYS_keyctl, 0, -3, 0, 0, 0);
  TRY_CALL(add_key, SYS_add_key, "user", "x", "y", 1, -3);
  TRY_CALL(landlock, SYS_landlock_create_ruleset, NULL, 0, 1);
  TRY_CALL(init_module, SYS_init_module, NULL, 0, "");
  TRY_CALL(kexec_load, SYS_kexec_load, 0, 0, NULL, 0);
  TRY_CALL(swapon, SYS_swapon, "/x", 0);
  TRY_CALL(acct, SYS_acct, NULL);
  TRY_CALL(quotactl, SYS_quotactl, 0, NULL, 0, NULL);
  TRY_CALL(syslog, SYS_syslog, 10, NULL, 0);
  TRY_CALL(settimeofday, SYS_settimeofday, NULL, NULL);
  TRY_CALL(ioctl_tiocsti, SYS_ioctl, 0, TIOCSTI, "x");
  TRY_CALL(ioctl_other, SYS_ioctl, 1, 0x5423, "x");
  TRY_CALL(unknown, 4242);
}

int main(int count, char** arguments) {
  if (prctl(PR_GET_SECCOMP) == 0) {
    puts("refusing to do harm outside a sandbox");
    return 2;
  }
  if (count > 1 && strcmp(arguments[1], "x32") == 0) return (int)syscall(0x40000000 | SYS_getpid) == 0;
  if (count > 1 && strcmp(arguments[1], "i386") == 0) {
    long result = 20;  // getpid of that architecture
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
  }
  files();
  network();
  processes();
  rights();
  memory();
  machine();
  puts("done");
  return 0;
}
