// SPDX-License-Identifier: Apache-2.0
#include "platform/process/supervisor/enclave.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/process/supervisor/sys.h"

namespace adyton::supervisor {
namespace {

constexpr std::uint64_t kLockMemory = std::uint64_t{1} << CAP_IPC_LOCK;

void limit(int resource, rlim_t soft, rlim_t hard, HostLink& host) {
  rlimit now{};
  ::getrlimit(static_cast<__rlimit_resource>(resource), &now);
  // Never above what this process was given itself.
  const rlimit wanted{soft < now.rlim_max ? soft : now.rlim_max, hard < now.rlim_max ? hard : now.rlim_max};
  if (::setrlimit(static_cast<__rlimit_resource>(resource), &wanted) != 0) host.give_up(Step::kLimits, -errno);
}

void set_limits(const OrdersHeader& header, HostLink& host) {
  limit(RLIMIT_CORE, 0, 0, host);
  limit(RLIMIT_NOFILE, header.open_files, header.open_files, host);
  // The C library takes the soft limit as the size of every thread's stack.
  limit(RLIMIT_STACK, header.stack_bytes, RLIM_INFINITY, host);
  if (header.address_space_bytes != 0) {
    limit(RLIMIT_AS, header.address_space_bytes, header.address_space_bytes, host);
  }
}

// As much lockable (and therefore secret) memory as this machine allows. Returns the limit, and with `needed` the
// capability that lifts it.
rlim_t raise_locked_memory(std::uint64_t& needed) {
  constexpr rlimit kUnlimited{RLIM_INFINITY, RLIM_INFINITY};
  needed = 0;
  if (::setrlimit(RLIMIT_MEMLOCK, &kUnlimited) == 0) return RLIM_INFINITY;
  rlimit locked{};
  ::getrlimit(RLIMIT_MEMLOCK, &locked);
  locked.rlim_cur = locked.rlim_max;
  ::setrlimit(RLIMIT_MEMLOCK, &locked);
  if (locked.rlim_max != RLIM_INFINITY) needed = kLockMemory;
  return locked.rlim_max;
}

// Tried, because the capability counts only in the first user namespace, which this may not be.
void report_locked_memory(rlim_t limited, HostLink& host) {
  const bool ends = limited != RLIM_INFINITY && try_secret_memory(limited + (1 << 20)) == -EAGAIN;
  host.layer(Layer::kLockedMemory, ends ? -EPERM : 0, static_cast<int>(limited >> 10));
}

void take_identity(const ReceivedOrders& orders, const Isolation& isolation, HostLink& host) {
  std::uint64_t kept = 0;
  const rlim_t limited = raise_locked_memory(kept);
  if (isolation.administrator) {
    const int error = become(orders.header.user);
    host.layer(Layer::kOwnUser, error, static_cast<int>(::geteuid()));
    if (error != 0 && ::geteuid() == 0) host.give_up(Step::kIdentity, error);
  }
  // Without a right to keep it, or where it would not count, go on without.
  int error = isolation.user_namespace ? -EPERM : keep_capabilities(kept, true);
  if (error != 0) error = keep_capabilities(0, true);
  if (error != 0) host.give_up(Step::kIdentity, error);
  report_locked_memory(limited, host);
}

// The kernel hides a process from debuggers and from /proc when it could not read its executable (would_dump() in
// fs/exec.c). But it lets those look who have rights in the smallest user namespace that maps the executable's owner
// and group, and the user who made a namespace has them: that one must not map both (enter_user_namespace()).
void report_hidden(const ReceivedOrders& orders, const Isolation& isolation, HostLink& host) {
  if (orders.has(kDebuggable)) return;
  const bool owned = isolation.user_namespace && orders.has_files() && !orders.has(kForeignGroup);
  host.layer(Layer::kHiddenFromOwner, owned ? -EPERM : 0);
}

// Everything from the fork to the program. Only told to the host in case of failure; `gate` closes on success.
[[noreturn]] void become_enclave(const ReceivedOrders& orders, const Isolation& isolation, HostLink& host,
                                 int executable, int gate, pid_t supervisor) {
  host.tell(Message::kEnclave);
  set_limits(orders.header, host);
  report_hidden(orders, isolation, host);
  restrict_with_landlock(orders, host);
  if (orders.has(kWaitForDebugger)) {
    ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);  // where Yama would ask for it; fails without Yama
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) host.give_up(Step::kTrace, -errno);
  }
  take_identity(orders, isolation, host);
  // After the identity, whose change would clear it.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) host.give_up(Step::kIdentity, -errno);
  if (::getppid() != supervisor) ::_exit(127);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);

  const auto process = static_cast<std::uint32_t>(::getpid());
  const auto length = static_cast<std::uint16_t>(orders.header.filter_instructions);
  const auto fallback_length = static_cast<std::uint16_t>(orders.header.fallback_instructions);
  if (patch_own_process(orders.filter, length, process) == 0 ||
      patch_own_process(orders.fallback, fallback_length, process) == 0) {
    host.give_up(Step::kFilter, -EINVAL);
  }
  host.flush();
  int listener = install_filter(orders.filter, length, true);
  if (listener < 0) {
    const int error = install_filter(orders.fallback, fallback_length, false);
    if (error != 0) host.give_up(Step::kFilter, error);
  }
  if (::write(gate, &listener, sizeof listener) != sizeof listener) ::_exit(127);
  host.give_up(Step::kExecute, execute(executable, orders.arguments, orders.environment));
}

// Lets the enclave's one execveat pass. Whatever else the listener would have to answer fails when it is closed.
void answer_execution(int listener, int gate) {
  struct {
    alignas(8) char bytes[1024];
  } buffer{};
  static_assert(sizeof buffer >= sizeof(seccomp_notif));
  for (;;) {
    pollfd events[] = {{listener, POLLIN, 0}, {gate, 0, 0}};
    if (::poll(events, 2, -1) < 0 && errno == EINTR) continue;
    if ((events[0].revents & POLLIN) == 0) break;  // the enclave is dead
    std::memset(&buffer, 0, sizeof buffer);
    if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &buffer) != 0) continue;
    seccomp_notif asked;
    std::memcpy(&asked, &buffer, sizeof asked);
    seccomp_notif_resp answer{.id = asked.id, .val = 0, .error = 0, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    std::memset(&buffer, 0, sizeof buffer);
    std::memcpy(&buffer, &answer, sizeof answer);
    if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &buffer) == 0) break;  // else a signal made it ask again
  }
  ::close(listener);
}

// Stopped before its first instruction, and free for a debugger to attach.
void leave_to_debugger(pid_t enclave, HostLink& host) {
  int status = 0;
  while (::waitpid(enclave, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFSTOPPED(status)) return;  // the caller will see it end
  if (::ptrace(PTRACE_DETACH, enclave, nullptr, SIGSTOP) != 0) host.give_up(Step::kTrace, -errno);
}

// The child shares our table of descriptors, so its death does not close its end of the pipe: that shows as a signal.
bool read_listener(int gate, int signals, pid_t enclave, int* listener) {
  for (;;) {
    pollfd events[] = {{gate, POLLIN, 0}, {signals, POLLIN, 0}};
    if (::poll(events, 2, -1) < 0 && errno != EINTR) return false;
    if ((events[0].revents & POLLIN) != 0) return ::read(gate, listener, sizeof *listener) == sizeof *listener;
    signalfd_siginfo signal;
    while (::read(signals, &signal, sizeof signal) > 0) {
    }
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(enclave), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0) {
      return false;
    }
  }
}

}  // namespace

int start_enclave(const ReceivedOrders& orders, const Isolation& isolation, HostLink& host, int executable,
                  int signals) {
  int gate[2];
  if (::pipe2(gate, O_CLOEXEC) != 0) host.give_up(Step::kFork, -errno);
  const pid_t supervisor = ::getpid();
  host.flush();
  // One table of descriptors: the seccomp listener that the child gets is ours without any message.
  const int enclave = clone_process(CLONE_FILES);
  if (enclave < 0) host.give_up(Step::kFork, enclave);
  if (enclave == 0) become_enclave(orders, isolation, host, executable, gate[1], supervisor);

  int listener = -1;
  if (!read_listener(gate[0], signals, enclave, &listener)) ::_exit(127);  // it has told the host why

  // From here on the tables are apart, and the pipe's end in the child's closes when its program starts.
  if (::close_range(static_cast<unsigned>(gate[1]), static_cast<unsigned>(gate[1]), CLOSE_RANGE_UNSHARE) != 0) {
    host.give_up(Step::kDescriptors, -errno);
  }
  host.layer(Layer::kExecOnce, listener >= 0 ? 0 : listener);
  if (listener >= 0) answer_execution(listener, gate[0]);
  if (orders.has(kWaitForDebugger)) leave_to_debugger(enclave, host);
  char byte = 0;
  while (::read(gate[0], &byte, 1) < 0 && errno == EINTR) {
  }
  ::close(gate[0]);
  ::close(executable);
  host.tell(Message::kStarted);
  host.flush();
  return enclave;
}

}  // namespace adyton::supervisor
