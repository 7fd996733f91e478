// SPDX-License-Identifier: Apache-2.0
// The system calls the C library has no function for. Each returns what the kernel does: a value, or minus errno.
#pragma once

#include <cstddef>
#include <cstdint>

#include <linux/filter.h>

namespace adyton::supervisor {

// fork() with flags of clone(2); 0 in the child. No memory is shared.
int clone_process(std::uint64_t flags);

// execveat() of the file itself, whatever its name.
int execute(int executable, char* const* arguments, char* const* environment);

int pivot_root(const char* new_root, const char* put_old);

// Installs a seccomp program; with `listener`, returns the descriptor that answers its SECCOMP_RET_USER_NOTIF.
int install_filter(sock_filter* program, std::uint16_t instructions, bool listener);

// Landlock (landlock(7)); the structures are those of the newest kernel, older ones are given their part of it.
struct LandlockAccess {
  std::uint64_t files = 0, network = 0, scoped = 0;
};
int landlock_abi();
int landlock_create(const LandlockAccess& handled, int abi);
int landlock_allow_path(int ruleset, int path, std::uint64_t access);
int landlock_allow_port(int ruleset, std::uint16_t port, std::uint64_t access);
int landlock_restrict(int ruleset);

// Permitted, effective and inheritable capabilities of this process, as bits.
std::uint64_t effective_capabilities();
int set_capabilities(std::uint64_t all_three);

// Whether memfd_secret(2) memory of this size can be had: it is given back at once. -EAGAIN: more than may be locked.
int try_secret_memory(std::size_t size_bytes);

}  // namespace adyton::supervisor
