// SPDX-License-Identifier: Apache-2.0
// The supervisor: a small static program between a host and one enclave (docs/process.md). It builds the sandbox,
// starts the enclave in it, and stays as its parent, as the first process of its pid namespace where there is one.
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <linux/capability.h>

#include "platform/process/supervisor/enclave.h"
#include "platform/process/supervisor/probe_payload.h"
#include "platform/process/supervisor/sys.h"
#include "platform/process/supervisor/watch.h"

namespace adyton::supervisor {
namespace {

constexpr int kFirstOwnDescriptor = 16;  // below are the enclave's, and room for what arrives

// Signals go to the enclave or nowhere: all are blocked here, and only the end of a child is looked at.
void reset_signals() {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
}

int open_child_signals() {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  return ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

// The host may hold any number of descriptors that are not close-on-exec.
void close_inherited() {
  if (::close_range(kControlDescriptor + 1, ~0u, 0) != 0) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    for (rlim_t file = kControlDescriptor + 1; file < files.rlim_cur; ++file) ::close(static_cast<int>(file));
  }
  ::close_range(0, kControlDescriptor - 1, 0);
}

int move_up(int descriptor) {
  if (descriptor < 0) return descriptor;
  const int moved = ::fcntl(descriptor, F_DUPFD_CLOEXEC, kFirstOwnDescriptor);
  const int error = errno;
  ::close(descriptor);
  return moved < 0 ? -error : moved;
}

void place(HostLink& host, int descriptor, int number) {
  if (::dup2(descriptor, number) < 0) host.give_up(Step::kDescriptors, -errno);
  ::close(descriptor);
}

// Receives the orders and leaves the enclave's descriptors where it wants them, the rest where they are out of its way
// and closed by the execve: the executable at the number that the fallback filter knows.
void arrange(HostLink& host, ReceivedOrders& orders, int* descriptors) {
  if (const int error = host.receive(descriptors); error != 0) host.give_up(Step::kOrdersRead, error);
  for (int i = 0; i < kOrderedDescriptors; ++i) descriptors[i] = move_up(descriptors[i]);
  host.move_to(move_up(host.socket()));
  if (const int error = orders.read(descriptors[kOrders]); error != 0) host.give_up(Step::kOrdersRead, error);
  ::close(descriptors[kOrders]);

  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const int executable = static_cast<int>(orders.header.open_files);
  const struct {
    int from, to, flags;
  } moves[] = {{descriptors[kInput], STDIN_FILENO, 0},
               {descriptors[kOutput], STDOUT_FILENO, 0},
               {descriptors[kErrors], STDERR_FILENO, 0},
               {descriptors[kExecutable], executable, O_CLOEXEC}};
  for (const auto& move : moves) {
    if (move.from < 0) continue;
    if (::dup3(move.from, move.to, move.flags) < 0) host.give_up(Step::kDescriptors, -errno);
    ::close(move.from);
  }
  descriptors[kExecutable] = executable;
  int next = kChannel;
  if (orders.has(kHasChannel)) {
    place(host, descriptors[next++], kChannelDescriptor);
  } else if (::dup3(STDIN_FILENO, kChannelDescriptor, O_CLOEXEC) < 0) {  // its number stays taken
    host.give_up(Step::kDescriptors, -errno);
  }
  for (std::uint32_t i = 0; i < orders.header.handed; ++i) {
    place(host, descriptors[next++], kFirstHandedDescriptor + static_cast<int>(i));
  }
}

// A process enters its new pid namespace by being born: the first child is the supervisor from here on, and as much
// the host's child as its parent was.
void enter_pid_namespace(HostLink& host) {
  const int child = clone_process(CLONE_PARENT);
  if (child < 0) host.give_up(Step::kFork, child);
  if (child > 0) ::_exit(0);
}

int supervise() {
  reset_signals();
  close_inherited();
  HostLink host(kControlDescriptor);
  ReceivedOrders orders;
  int descriptors[kOrderedDescriptors];
  arrange(host, orders, descriptors);

  const Isolation isolation = isolate(orders, host);
  if (isolation.pid_namespace) enter_pid_namespace(host);
  ::prctl(PR_SET_DUMPABLE, 0);
  if (!orders.has(kKeepSession)) ::setsid();
  host.tell(Message::kSupervisor);
  if (isolation.mount_namespace) make_empty_root(orders, isolation, host);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) host.give_up(Step::kNoNewPrivileges, -errno);
  const int signals = open_child_signals();
  if (signals < 0) host.give_up(Step::kDescriptors, -errno);
  const int enclave = start_enclave(orders, isolation, host, descriptors[kExecutable], signals);

  // All that is left to do is to watch, and to kill a process of another user.
  if (keep_capabilities(std::uint64_t{1} << CAP_KILL, false) != 0) keep_capabilities(0, false);
  const int enclaves = kFirstHandedDescriptor + static_cast<int>(orders.header.handed);
  for (int descriptor = 0; descriptor < enclaves; ++descriptor) ::close(descriptor);
  watch(enclave, host, signals, descriptors[kHostProcess]);
  return 0;
}

}  // namespace
}  // namespace adyton::supervisor

int main(int, char** arguments) {
  using namespace adyton::supervisor;
  if (arguments[0] != nullptr && std::strcmp(arguments[0], kProbeName) == 0) return run_probe();
  return supervise();
}
