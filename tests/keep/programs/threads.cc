// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <chrono>
#include <condition_variable>
#include <future>
#include <iostream>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <thread>
#include <vector>

thread_local int own = 5;

int main() {
  std::mutex mutex;
  std::condition_variable changed;
  int turn = 0;
  long sum = 0;
  std::vector<std::thread> threads;
  for (int index = 0; index < 8; ++index) {
    threads.emplace_back([&, index] {
      own = index;
      for (int round = 0; round < 100; ++round) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return turn % 8 == index; });
        ++turn;
        sum += own;
        changed.notify_all();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::cout << "sum " << sum << ", turns " << turn << ", own " << own << "\n";

  auto result = std::async(std::launch::async, []() -> int { throw std::out_of_range("of another thread"); });
  try {
    result.get();
  } catch (const std::exception& error) {
    std::cout << "caught " << error.what() << "\n";
  }

  using std::chrono::milliseconds, std::chrono::steady_clock;
  const auto before = steady_clock::now();
  std::this_thread::sleep_for(milliseconds(10));
  std::cout << "slept " << (steady_clock::now() - before >= milliseconds(10)) << "\n";
  std::unique_lock lock(mutex);
  std::cout << "timed out " << (changed.wait_for(lock, milliseconds(5)) == std::cv_status::timeout) << "\n";
  lock.unlock();

  for (int round = 0; round < 100; ++round) {  // each thread's control structure and stack come back
    std::thread([] { own = 1; }).join();
  }
  std::cout << "a hundred more" << std::endl;
  return 0;
}
