// SPDX-License-Identifier: Apache-2.0
// As many threads as there can be, again and again: each that was joined makes room for another. With the argument
// "exits" two threads leave the process, without the C library, as nearly at once as can be.
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <iostream>

namespace {

std::atomic<bool> go = false, ready = false;

void* leave(void*) {
  ready = true;
  while (!go) {
  }
  // SAFETY: the C library would count the threads itself; it holds nothing for this one that is needed again.
  syscall(SYS_exit, 7);
  return nullptr;
}

void* nothing(void* argument) { return argument; }

}  // namespace

int main(int count, char**) {
  pthread_t threads[11];
  if (count == 2) {
    pthread_create(&threads[0], nullptr, leave, nullptr);
    while (!ready) {
    }
    go = true;
    // SAFETY: likewise.
    syscall(SYS_exit, 7);
  }
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    for (pthread_t& thread : threads) refused += pthread_create(&thread, nullptr, nothing, nullptr) != 0 ? 1 : 0;
    if (refused != 0) break;
    for (const pthread_t thread : threads) pthread_join(thread, nullptr);
  }
  std::cout << "refused " << refused << std::endl;
  return 0;
}
