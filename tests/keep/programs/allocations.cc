// SPDX-License-Identifier: Apache-2.0
// The C library's malloc on several threads, each with an arena of its own; or, for "shrinks", that many small blocks
// are one large one again.
#include <malloc.h>

#include <atomic>
#include <barrier>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kMebibyte = 1 << 20;

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};
using Block = std::unique_ptr<void, Free>;

Block block(std::size_t bytes) { return Block(std::malloc(bytes)); }

std::size_t arenas() {
  char* text = nullptr;
  std::size_t bytes = 0, count = 0;
  FILE* const out = open_memstream(&text, &bytes);
  malloc_info(0, out);
  std::fclose(out);
  const Block freed(text);
  const std::string told(text, bytes);
  for (std::size_t at = 0; (at = told.find("<heap nr=", at)) != told.npos; ++at) ++count;
  return count;
}

// Of every size, and more than an arena reserves at a time.
void allocate_many() {
  std::vector<Block> kept;
  for (std::size_t round = 0; round < 4000; ++round) {
    kept.push_back(block(std::size_t{16} << round % 15));
    if (round % 4 == 3) kept.erase(kept.begin() + static_cast<long>(kept.size() / 2));
    if (kept.size() > 200) kept.erase(kept.begin());
  }
}

}  // namespace

int main(int count, char**) {
  if (count == 2) {
    std::cout << "shrinks" << std::endl;  // which has a buffer now, below all that follows
    std::vector<Block> many;              // larger than what is kept for who allocates next
    for (int number = 0; number < 40'000; ++number) many.push_back(block(2000));
    std::cout << (many.back() != nullptr);
    many.clear();
    std::cout << (block(96 * kMebibyte) != nullptr) << "\n";
    return 0;
  }
  constexpr int kThreads = 4;
  std::atomic<int> failed = 0;  // a malloc that succeeds leaves errno alone
  std::cout << arenas() << "\n";
  for (int round = 0; round < 3; ++round) {
    std::barrier all(kThreads);
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        errno = 0;
        const Block own = block(100);
        failed += errno != 0;
        all.arrive_and_wait();  // while each has an arena in use
        allocate_many();
      });
    }
  }
  std::cout << arenas() << " " << failed << "\n";
  // What is mapped is given back, however it grew and on whichever thread.
  for (int round = 0; round < 3; ++round) {
    std::vector<long> growing;
    while (growing.size() * sizeof(long) < 20 * kMebibyte) growing.push_back(round);
    std::jthread([] { std::vector<char>(30 * kMebibyte).swap(*std::make_unique<std::vector<char>>()); });
  }
  std::cout << (block(96 * kMebibyte) != nullptr) << "\n";
}
