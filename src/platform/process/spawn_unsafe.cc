// SPDX-License-Identifier: Apache-2.0
#include "platform/process/spawn.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/error.h"
#include "platform/process/orders.h"

extern "C" int adyton_spawn_child(std::uint64_t flags, void* stack_top, int* pidfd, int (*function)(void*),
                                  void* argument);

namespace adyton {
namespace {

struct Child {
  int program, control;
  const char* name;
  int error = 0;
};

// Runs in the memory of the parent, which waits: nothing but raw system calls (a sanitizer would take the C library's
// for the parent's own), and no signal handler (all are blocked).
__attribute__((no_sanitize("address", "undefined", "thread"))) int run_child(void* argument) {
  auto* child = static_cast<Child*>(argument);
  char* const arguments[] = {const_cast<char*>(child->name), nullptr};
  char* const environment[] = {nullptr};
  // dup2 of a descriptor onto itself would leave it close-on-exec.
  const bool same = child->control == supervisor::kControlDescriptor;
  // SAFETY: no memory is passed.
  const long placed = same ? ::syscall(SYS_fcntl, child->control, F_SETFD, 0)
                           : ::syscall(SYS_dup2, child->control, supervisor::kControlDescriptor);
  // SAFETY: both arrays end with a null pointer; the empty path with AT_EMPTY_PATH is the descriptor itself.
  if (placed >= 0) ::syscall(SYS_execveat, child->program, "", arguments, environment, AT_EMPTY_PATH);
  child->error = errno;
  return 127;
}

}  // namespace

Result<Spawned> spawn(int program, const std::string& name, int control) {
  Child child{program, control, name.c_str()};
  alignas(16) std::array<std::byte, 16384> stack;
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  int process = -1;
  const int pid = adyton_spawn_child(CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, stack.data() + stack.size(),
                                     &process, run_child, &child);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return unavailable("starting a process: {}", errno_text(-pid));
  Spawned spawned{pid, Descriptor(process)};
  if (child.error != 0) {
    reap(spawned.process);
    return unavailable("executing the supervisor from memory: {}", errno_text(child.error));
  }
  return spawned;
}

Result<Descriptor> open_process(pid_t pid) {
  // SAFETY: no memory is passed. (The C library's own functions cannot be called from C++ in glibc 2.36.)
  Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process.valid() && errno == ESRCH) return not_found("process {} has ended", pid);
  if (!process.valid()) return unavailable("pidfd_open: {}; Linux 5.9 or newer is needed", errno_text(errno));
  return process;
}

void kill_process(const Descriptor& process) {
  // SAFETY: a null siginfo_t asks for that of kill(2).
  ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
}

void reap(const Descriptor& process) {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(process.get()), &info, WEXITED | __WALL) != 0 && errno == EINTR) {
  }
}

}  // namespace adyton
