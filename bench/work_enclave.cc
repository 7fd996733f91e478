// SPDX-License-Identifier: Apache-2.0
// Work that leans on the C library and the kernel beneath it, for the same program on Linux and on the keep kernel:
// `work malloc`, `work malloc-threads` or `work threads` prints the microseconds that it took.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

namespace {

// A generator without state elsewhere: the same work each time.
class Numbers {
 public:
  std::uint32_t next() { return state_ = state_ * 1664525 + 1013904223; }

 private:
  std::uint32_t state_ = 1;
};

constexpr std::size_t kRounds = 600'000;

// Blocks of 16 bytes to 8 KiB, and one in a thousand of up to 1 MiB, which the C library maps and unmaps.
std::uint64_t allocate(std::size_t rounds) {
  constexpr std::size_t kBlocks = 4096;
  std::vector<std::unique_ptr<char[]>> blocks(kBlocks);
  Numbers numbers;
  std::uint64_t sum = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    const std::size_t most = numbers.next() % 1000 == 0 ? 1 << 20 : std::size_t{16} << numbers.next() / 65536 % 10;
    const std::size_t size = most / 2 + numbers.next() / 256 % (most / 2);
    auto& block = blocks[numbers.next() / 4096 % kBlocks];
    block.reset(new char[size]);
    block[0] = block[size - 1] = static_cast<char>(round);
    sum += static_cast<unsigned char>(block[size / 2 / size]);
  }
  return sum;
}

// The same on threads.
std::uint64_t allocate_on(int threads) {
  std::atomic<std::uint64_t> sum = 0;
  {
    std::vector<std::jthread> all;
    for (int i = 0; i < threads; ++i)
      all.emplace_back([&] { sum += allocate(kRounds / static_cast<std::size_t>(threads)); });
  }
  return sum;
}

std::uint64_t worth_a_few_microseconds(std::uint64_t seed) {
  for (int i = 0; i < 2000; ++i) seed = seed * 6364136223846793005u + 1442695040888963407u;
  return seed;
}

// Threads that come and go, a mutex that all of them want, and a queue that wakes them.
std::uint64_t use_threads() {
  constexpr int kThreads = 4, kGenerations = 200, kItems = 40'000;
  std::mutex mutex;
  std::uint64_t sum = 0;
  for (int generation = 0; generation < kGenerations; ++generation) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        for (int turn = 0; turn < 20; ++turn) {
          const std::uint64_t done = worth_a_few_microseconds(static_cast<std::uint64_t>(i));
          const std::scoped_lock locked(mutex);
          sum += done;
        }
      });
    }
  }

  std::condition_variable filled;
  std::deque<std::uint64_t> queue;
  bool over = false;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (;;) {
          std::uint64_t item = 0;
          {
            std::unique_lock locked(mutex);
            filled.wait(locked, [&] { return over || !queue.empty(); });
            if (queue.empty()) return;
            item = queue.front();
            queue.pop_front();
          }
          const std::uint64_t done = worth_a_few_microseconds(item);
          const std::scoped_lock locked(mutex);
          sum += done;
        }
      });
    }
    for (int item = 0; item < kItems; ++item) {
      {
        const std::scoped_lock locked(mutex);
        queue.push_back(static_cast<std::uint64_t>(item));
      }
      filled.notify_one();
    }
    {
      const std::scoped_lock locked(mutex);
      over = true;
    }
    filled.notify_all();
  }
  return sum;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::string_view job = arguments[1];
  const auto start = std::chrono::steady_clock::now();
  const std::uint64_t result = job == "threads"          ? use_threads()
                               : job == "malloc-threads" ? allocate_on(4)
                                                         : allocate(kRounds);
  const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
  std::printf("%.1f microseconds, %llu\n", time.count(), static_cast<unsigned long long>(result));
}
