// SPDX-License-Identifier: Apache-2.0
#include "platform/process/supervisor/watch.h"

#include <cerrno>
#include <csignal>

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace adyton::supervisor {
namespace {

// Everything that happened to the enclave since the last time. Returns whether it has ended.
bool report_changes(pid_t enclave, HostLink& host) {
  int status = 0;
  for (;;) {
    const pid_t changed = ::waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED);
    if (changed < 0 && errno == EINTR) continue;
    if (changed == 0) {
      host.flush();
      return false;
    }
    if (changed < 0) return true;
    if (changed != enclave) continue;  // a stray that became a child of this namespace's first process
    if (WIFSTOPPED(status)) host.tell(Message::kStopped, WSTOPSIG(status));
    if (WIFCONTINUED(status)) host.tell(Message::kContinued);
    if (WIFEXITED(status)) host.tell(Message::kEnded, 0, WEXITSTATUS(status));
    if (WIFSIGNALED(status)) host.tell(Message::kEnded, 1, WTERMSIG(status));
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      host.flush();
      return true;
    }
  }
}

}  // namespace

void watch(int enclave, HostLink& host, int signals, int host_process) {
  bool killed = false;
  while (!report_changes(enclave, host)) {
    pollfd events[] = {
        {signals, POLLIN, 0}, {killed ? -1 : host.socket(), POLLIN, 0}, {killed ? -1 : host_process, POLLIN, 0}};
    if (::poll(events, 3, -1) < 0) continue;
    if (events[0].revents != 0) {
      signalfd_siginfo signal;
      while (::read(signals, &signal, sizeof signal) > 0) {
      }
    }
    if ((events[1].revents != 0 && host.told_to_kill()) || events[2].revents != 0) {
      killed = true;
      ::kill(enclave, SIGKILL);
    }
  }
}

}  // namespace adyton::supervisor
