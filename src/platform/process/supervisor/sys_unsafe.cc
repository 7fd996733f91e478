// SPDX-License-Identifier: Apache-2.0
#include "platform/process/supervisor/sys.h"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace adyton::supervisor {
namespace {

int result(long value) { return value < 0 ? -errno : static_cast<int>(value); }

// landlock(7), of Linux 6.12: later than the C library's headers.
constexpr int kRulePath = 1, kRulePort = 2;
constexpr unsigned kVersionOnly = 1;
struct [[gnu::packed]] PathRule {
  std::uint64_t access;
  std::int32_t path;
};
struct PortRule {
  std::uint64_t access;
  std::uint64_t port;
};

}  // namespace

int clone_process(std::uint64_t flags) {
  // SAFETY: without CLONE_VM and with no stack given this is fork(); the process has one thread.
  return result(::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

int execute(int executable, char* const* arguments, char* const* environment) {
  // SAFETY: both arrays end with a null pointer; an empty path with AT_EMPTY_PATH is the descriptor itself.
  return result(::syscall(SYS_execveat, executable, "", arguments, environment, AT_EMPTY_PATH));
}

int pivot_root(const char* new_root, const char* put_old) {
  // SAFETY: two NUL-terminated strings.
  return result(::syscall(SYS_pivot_root, new_root, put_old));
}

int install_filter(sock_filter* program, std::uint16_t instructions, bool listener) {
  sock_fprog filter{instructions, program};
  const unsigned flags = listener ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
  // SAFETY: the kernel copies `instructions` instructions and checks them.
  return result(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter));
}

int landlock_abi() {
  // SAFETY: no memory is passed.
  return result(::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersionOnly));
}

int landlock_create(const LandlockAccess& handled, int abi) {
  const std::size_t known = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  // SAFETY: three 64-bit numbers in the kernel's order, of which `known` bytes are read.
  return result(::syscall(SYS_landlock_create_ruleset, &handled, known, 0));
}

int landlock_allow_path(int ruleset, int path, std::uint64_t access) {
  PathRule rule{access, path};
  // SAFETY: the structure is that of LANDLOCK_RULE_PATH_BENEATH.
  return result(::syscall(SYS_landlock_add_rule, ruleset, kRulePath, &rule, 0));
}

int landlock_allow_port(int ruleset, std::uint16_t port, std::uint64_t access) {
  PortRule rule{access, port};
  // SAFETY: the structure is that of LANDLOCK_RULE_NET_PORT.
  return result(::syscall(SYS_landlock_add_rule, ruleset, kRulePort, &rule, 0));
}

int landlock_restrict(int ruleset) {
  // SAFETY: no memory is passed.
  return result(::syscall(SYS_landlock_restrict_self, ruleset, 0));
}

std::uint64_t effective_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  // SAFETY: version 3 writes two data structures.
  if (::syscall(SYS_capget, &header, data) != 0) return 0;
  return data[0].effective | static_cast<std::uint64_t>(data[1].effective) << 32;
}

int set_capabilities(std::uint64_t all_three) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const auto low = static_cast<std::uint32_t>(all_three), high = static_cast<std::uint32_t>(all_three >> 32);
  const __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{{low, low, low}, {high, high, high}};
  // SAFETY: version 3 reads two data structures.
  return result(::syscall(SYS_capset, &header, data));
}

int try_secret_memory(std::size_t size_bytes) {
  // SAFETY: no memory is passed.
  const int secret = result(::syscall(SYS_memfd_secret, O_CLOEXEC));
  if (secret < 0) return secret;
  if (::ftruncate(secret, static_cast<off_t>(size_bytes)) != 0) {
    const int error = -errno;
    ::close(secret);
    return error;
  }
  // SAFETY: a new mapping at an address of the kernel's choice; nothing touches it.
  void* at = ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, secret, 0);
  const int error = at == MAP_FAILED ? -errno : 0;
  if (at != MAP_FAILED) ::munmap(at, size_bytes);
  ::close(secret);
  return error;
}

}  // namespace adyton::supervisor
