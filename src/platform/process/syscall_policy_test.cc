// SPDX-License-Identifier: Apache-2.0
#include "platform/process/syscall_policy.h"

#include <array>
#include <cerrno>

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include "platform/process/syscall_tables.h"

namespace adyton {
namespace {

using Arguments = std::array<std::uint64_t, 6>;
constexpr std::uint32_t kOk = SECCOMP_RET_ALLOW, kPermission = SECCOMP_RET_ERRNO | EPERM,
                        kMissing = SECCOMP_RET_ERRNO | ENOSYS, kDeath = SECCOMP_RET_KILL_PROCESS;

// What the kernel would do: classic BPF over struct seccomp_data, as far as libseccomp uses it.
std::uint32_t verdict(const std::vector<sock_filter>& program, int call, const Arguments& arguments = {},
                      std::uint32_t architecture = AUDIT_ARCH_X86_64) {
  std::uint32_t accumulator = 0;
  const auto word = [&](std::uint32_t offset) -> std::uint32_t {
    if (offset == 0) return static_cast<std::uint32_t>(call);
    if (offset == 4) return architecture;
    if (offset < 16) return 0;
    const std::uint64_t argument = arguments.at((offset - 16) / 8);
    return static_cast<std::uint32_t>(offset % 8 == 0 ? argument : argument >> 32);
  };
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& i = program[at];
    const auto jump = [&](bool taken) { at += taken ? i.jt : i.jf; };
    switch (i.code) {
      case BPF_LD | BPF_W | BPF_ABS: accumulator = word(i.k); break;
      case BPF_ALU | BPF_AND | BPF_K: accumulator &= i.k; break;
      case BPF_JMP | BPF_JA: at += i.k; break;
      case BPF_JMP | BPF_JEQ | BPF_K: jump(accumulator == i.k); break;
      case BPF_JMP | BPF_JGT | BPF_K: jump(accumulator > i.k); break;
      case BPF_JMP | BPF_JGE | BPF_K: jump(accumulator >= i.k); break;
      case BPF_RET | BPF_K: return i.k;
      default: ADD_FAILURE() << "instruction " << i.code; return 0;
    }
  }
  ADD_FAILURE() << "the program ends without a verdict";
  return 0;
}

std::vector<sock_filter> compile(const SyscallPolicy& policy) {
  auto program = compile_policy(policy);
  EXPECT_TRUE(program) << program.error().message;
  return program ? *std::move(program) : std::vector<sock_filter>{};
}

TEST(SyscallPolicy, NothingBeyondTheProcess) {
  const auto program = compile({});
  for (const int call : syscalls::kRefused) EXPECT_EQ(verdict(program, call), kPermission) << call;
  for (const int call : syscalls::kMemory) EXPECT_EQ(verdict(program, call), kOk) << call;
  for (const int call : syscalls::kDescriptors) EXPECT_EQ(verdict(program, call), kOk) << call;
  EXPECT_EQ(verdict(program, 4242), kMissing);
  EXPECT_EQ(verdict(program, SYS_clone3), kMissing);
  EXPECT_EQ(verdict(program, SYS_read, {}, AUDIT_ARCH_I386), kDeath);
  EXPECT_EQ(verdict(program, SYS_read | 0x40000000), kDeath);
}

TEST(SyscallPolicy, OneExecution) {
  const auto asks = compile({});
  EXPECT_EQ(verdict(asks, SYS_execveat), SECCOMP_RET_USER_NOTIF);
  EXPECT_EQ(verdict(asks, SYS_execve), kPermission);
  const auto fallback = compile({.ask_supervisor = false, .executable_descriptor = 256});
  EXPECT_EQ(verdict(fallback, SYS_execveat, {256, 0, 0, 0, AT_EMPTY_PATH}), kOk);
  EXPECT_EQ(verdict(fallback, SYS_execveat, {255, 0, 0, 0, AT_EMPTY_PATH}), kMissing);
  EXPECT_EQ(verdict(fallback, SYS_execveat, {256, 0, 0, 0, 0}), kMissing);
  EXPECT_EQ(verdict(fallback, SYS_execve), kPermission);
}

TEST(SyscallPolicy, ArgumentsDecide) {
  const auto program = compile({});
  const std::uint64_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                               CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  EXPECT_EQ(verdict(program, SYS_clone, {thread}), kOk);
  EXPECT_EQ(verdict(program, SYS_clone, {17}), kPermission);
  EXPECT_EQ(verdict(program, SYS_clone, {CLONE_VM | CLONE_VFORK | 17}), kPermission);
  EXPECT_EQ(verdict(program, SYS_clone, {thread & ~std::uint64_t{CLONE_SIGHAND}}), kMissing);
  for (const std::uint64_t flag : {CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_PARENT}) {
    EXPECT_EQ(verdict(program, SYS_clone, {thread | flag}), kMissing) << flag;
  }
  EXPECT_EQ(verdict(program, SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE}), kOk);
  for (const std::uint64_t protection : {PROT_EXEC, PROT_EXEC | PROT_READ, PROT_EXEC | PROT_READ | PROT_WRITE}) {
    EXPECT_EQ(verdict(program, SYS_mmap, {0, 4096, protection}), kPermission);
    EXPECT_EQ(verdict(program, SYS_mprotect, {0, 4096, protection}), kPermission);
  }
  EXPECT_EQ(verdict(program, SYS_sched_setaffinity, {0}), kOk);
  EXPECT_EQ(verdict(program, SYS_sched_setaffinity, {1}), kPermission);
  EXPECT_EQ(verdict(program, SYS_prlimit64, {0, 7, 0, 1}), kOk);
  EXPECT_EQ(verdict(program, SYS_prlimit64, {0, 7, 1, 0}), kPermission);
  EXPECT_EQ(verdict(program, SYS_prlimit64, {1, 7, 0, 1}), kMissing);
  EXPECT_EQ(verdict(program, SYS_prctl, {PR_SET_NAME}), kOk);
  EXPECT_EQ(verdict(program, SYS_prctl, {PR_SET_DUMPABLE, 1}), kPermission);
  EXPECT_EQ(verdict(program, SYS_prctl, {PR_SET_NAME | std::uint64_t{1} << 32}), kMissing);
  EXPECT_EQ(verdict(program, SYS_fcntl, {1, F_GETFL}), kOk);
  EXPECT_EQ(verdict(program, SYS_fcntl, {1, F_SETOWN, 1}), kMissing);
  EXPECT_EQ(verdict(program, SYS_ioctl, {0, TIOCSTI}), kPermission);
  EXPECT_EQ(verdict(program, SYS_newfstatat, {1, 0, 0, AT_EMPTY_PATH}), kOk);
  EXPECT_EQ(verdict(program, SYS_newfstatat, {1, 0, 0, 0}), kPermission);
}

TEST(SyscallPolicy, SignalsOnlyToItself) {
  auto program = compile({});
  const auto found = supervisor::patch_own_process(program.data(), static_cast<std::uint32_t>(program.size()), 77);
  EXPECT_GE(found, 1u);
  EXPECT_EQ(verdict(program, SYS_tgkill, {77, 78, 6}), kOk);
  EXPECT_EQ(verdict(program, SYS_tgkill, {76, 76, 6}), kPermission);
  EXPECT_EQ(verdict(program, SYS_tgkill, {supervisor::kOwnProcessPlaceholder, 1, 6}), kPermission);
  EXPECT_EQ(verdict(program, SYS_kill, {77, 6}), kPermission);
}

TEST(SyscallPolicy, FilesToRead) {
  const auto program = compile({.read_files = true});
  EXPECT_EQ(verdict(program, SYS_openat, {0, 0, O_RDONLY | O_CLOEXEC}), kOk);
  for (const std::uint64_t flags : {O_WRONLY, O_RDWR, O_CREAT, O_TMPFILE, O_TRUNC}) {
    EXPECT_EQ(verdict(program, SYS_openat, {0, 0, flags}), kMissing) << flags;
    EXPECT_EQ(verdict(program, SYS_open, {0, flags}), kMissing) << flags;
  }
  for (const int call : syscalls::kReadFiles) EXPECT_EQ(verdict(program, call), kOk) << call;
  for (const int call : {SYS_unlink, SYS_rename, SYS_mkdir, SYS_creat, SYS_truncate, SYS_chmod, SYS_socket}) {
    EXPECT_EQ(verdict(program, call), kPermission) << call;
  }
}

TEST(SyscallPolicy, FilesToWrite) {
  const auto program = compile({.write_files = true});
  EXPECT_EQ(verdict(program, SYS_openat, {0, 0, O_RDWR}), kOk);
  EXPECT_EQ(verdict(program, SYS_openat, {0, 0, O_RDWR | O_CREAT, 0644}), kOk);
  EXPECT_EQ(verdict(program, SYS_openat, {0, 0, O_RDWR | O_CREAT, 04755}), kMissing);
  EXPECT_EQ(verdict(program, SYS_openat, {0, 0, O_RDWR | O_CREAT, 02755}), kMissing);
  EXPECT_EQ(verdict(program, SYS_openat, {0, 0, O_RDWR | (O_TMPFILE & ~O_DIRECTORY), 04755}), kMissing);
  EXPECT_EQ(verdict(program, SYS_creat, {0, 04755}), kMissing);
  EXPECT_EQ(verdict(program, SYS_mkdirat, {0, 0, 0755}), kOk);
  for (const int call : syscalls::kWriteFiles) EXPECT_EQ(verdict(program, call), kOk) << call;
  for (const int call :
       {SYS_chmod, SYS_fchmod, SYS_fchmodat, SYS_chown, SYS_link, SYS_symlink, SYS_setxattr, SYS_mknod}) {
    EXPECT_EQ(verdict(program, call), kPermission) << call;
  }
}

TEST(SyscallPolicy, Network) {
  const auto program = compile({.connect = true});
  EXPECT_EQ(verdict(program, SYS_socket, {AF_INET, SOCK_STREAM, 0}), kOk);
  EXPECT_EQ(verdict(program, SYS_socket, {AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP}), kOk);
  EXPECT_EQ(verdict(program, SYS_socket, {AF_INET, SOCK_DGRAM, 0}), kMissing);
  EXPECT_EQ(verdict(program, SYS_socket, {AF_INET, SOCK_STREAM, 262}), kMissing);  // IPPROTO_MPTCP
  EXPECT_EQ(verdict(program, SYS_socket, {AF_UNIX, SOCK_STREAM, 0}), kMissing);
  EXPECT_EQ(verdict(program, SYS_sendto, {3, 0, 1, 0}), kOk);
  EXPECT_EQ(verdict(program, SYS_sendto, {3, 0, 1, MSG_FASTOPEN}), kMissing);
  EXPECT_EQ(verdict(program, SYS_connect), kOk);
  EXPECT_EQ(verdict(program, SYS_bind), kPermission);
  EXPECT_EQ(verdict(program, SYS_listen), kPermission);
  const auto listens = compile({.listen = true});
  EXPECT_EQ(verdict(listens, SYS_connect), kPermission);
  EXPECT_EQ(verdict(listens, SYS_accept4), kOk);
}

TEST(SyscallPolicy, AnEmulatorsCodeIsExecutableOrWritable) {
  constexpr int kSyscallUserDispatch = 59, kSetFs = 0x1002, kSetGs = 0x1001, kSetCpuid = 0x1012;
  const auto program = compile({.hosting = Hosting::kEmulated}), other = compile({});
  EXPECT_EQ(verdict(program, SYS_mprotect, {0, 4096, PROT_READ | PROT_EXEC}), kOk);
  EXPECT_EQ(verdict(program, SYS_mprotect, {0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC}), kPermission);
  EXPECT_EQ(verdict(program, SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC}), kPermission);
  for (const auto& [call, argument] : {std::pair(SYS_prctl, kSyscallUserDispatch), {SYS_arch_prctl, kSetCpuid}}) {
    EXPECT_EQ(verdict(program, call, {static_cast<std::uint64_t>(argument)}), kOk) << argument;
    EXPECT_EQ(verdict(other, call, {static_cast<std::uint64_t>(argument)}), kMissing) << argument;
  }
  EXPECT_EQ(verdict(program, SYS_arch_prctl, {kSetFs}), kOk);
  EXPECT_EQ(verdict(program, SYS_arch_prctl, {kSetGs}), kMissing);
  EXPECT_EQ(verdict(program, SYS_prctl, {PR_SET_DUMPABLE, 1}), kPermission);
  for (const int call : {SYS_openat, SYS_socket, SYS_kill, SYS_execve}) EXPECT_EQ(verdict(program, call), kPermission);
}

TEST(SyscallPolicy, OfTheDeviceOnlyItsPagesAreExecuted) {
  const auto program = compile({.hosting = Hosting::kDevice}), other = compile({});
  const std::uint64_t device = kHandedDevice;
  EXPECT_EQ(verdict(program, SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, device}), kOk);
  EXPECT_EQ(verdict(program, SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, device + 1}), kPermission);
  EXPECT_EQ(verdict(program, SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, ~std::uint64_t{0}}), kPermission);
  EXPECT_EQ(verdict(program, SYS_mprotect, {0, 4096, PROT_READ | PROT_EXEC}), kPermission);
  EXPECT_EQ(verdict(program, SYS_ioctl, {device, SGX_IOC_ENCLAVE_CREATE}), kOk);
  EXPECT_EQ(verdict(program, SYS_ioctl, {device, SGX_IOC_VEPC_REMOVE_ALL}), kMissing);
  EXPECT_EQ(verdict(program, SYS_ioctl, {1, SGX_IOC_ENCLAVE_CREATE}), kMissing);
  EXPECT_EQ(verdict(other, SYS_ioctl, {device, SGX_IOC_ENCLAVE_CREATE}), kMissing);
  EXPECT_EQ(verdict(program, SYS_prctl, {59}), kMissing);
}

TEST(SyscallPolicy, FitsTheKernel) {
  const auto program = compile({.read_files = true, .write_files = true, .connect = true, .listen = true});
  EXPECT_LT(program.size(), std::size_t{BPF_MAXINSNS});
}

}  // namespace
}  // namespace adyton
