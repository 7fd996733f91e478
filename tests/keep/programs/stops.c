// SPDX-License-Identifier: Apache-2.0
// Sends itself each signal that stops a process, twice, and once more while it is blocked.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
  const int signals[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
  for (int index = 0; index < 4; ++index) {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, signals[index]);
    raise(signals[index]);
    kill(getpid(), signals[index]);
    sigprocmask(SIG_BLOCK, &one, NULL);
    raise(signals[index]);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    printf("%d went on\n", signals[index]);
  }
  fflush(stdout);
  return 3;
}
