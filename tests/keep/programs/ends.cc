// SPDX-License-Identifier: Apache-2.0
// Ends while its other threads are at work.
#include <unistd.h>

#include <chrono>
#include <thread>

int main() {
  std::thread([] {
    char byte;
    (void)!read(0, &byte, 1);
  }).detach();
  std::thread([] {
    while (true) (void)getppid();
  }).detach();
  std::thread([] { std::this_thread::sleep_for(std::chrono::hours(1)); }).detach();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  _exit(5);
}
