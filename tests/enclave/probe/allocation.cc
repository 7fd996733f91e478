// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <span>
#include <string>
#include <thread>

#include "probe.h"

namespace {

// A block whose every byte follows from its address and size.
struct Block {
  unsigned char* data = nullptr;
  std::size_t size = 0;
  unsigned char seed = 0;

  void fill(std::size_t from) const {
    for (std::size_t i = from; i < size; ++i) data[i] = static_cast<unsigned char>(seed + i * 7);
  }
  [[nodiscard]] bool whole(std::size_t up_to) const {
    for (std::size_t i = 0; i < up_to; ++i) {
      if (data[i] != static_cast<unsigned char>(seed + i * 7)) return false;
    }
    return true;
  }
};

void churn(unsigned seed, int rounds) {
  std::mt19937 random(seed);
  std::vector<Block> blocks(100);
  for (int round = 0; round < rounds; ++round) {
    Block& block = blocks[random() % blocks.size()];
    // Mostly small, sometimes large enough for a mapping of its own.
    const std::size_t size = 1 + (random() % 40 == 0 ? random() % 1'000'000 : random() % 3'000);
    switch (random() % 4) {
      case 0:
        REQUIRE(block.whole(block.size));
        std::free(block.data);
        block = {};
        break;
      case 1: {
        auto* data = static_cast<unsigned char*>(std::realloc(block.data, size));
        REQUIRE(data != nullptr);
        const std::size_t kept = std::min(block.size, size);
        block = {data, size, block.seed};
        REQUIRE(block.whole(kept));
        block.fill(kept);
        break;
      }
      case 2: {
        std::free(block.data);
        auto* data = static_cast<unsigned char*>(std::calloc(1, size));
        REQUIRE(data != nullptr);
        REQUIRE(std::ranges::all_of(std::span(data, size), [](unsigned char byte) { return byte == 0; }));
        block = {data, size, static_cast<unsigned char>(random())};
        block.fill(0);
        break;
      }
      default: {
        std::free(block.data);
        const std::size_t alignment = std::size_t{16} << random() % 10;
        void* data = nullptr;
        REQUIRE(posix_memalign(&data, alignment, size) == 0);
        block = {static_cast<unsigned char*>(data), size, static_cast<unsigned char>(random())};
        block.fill(0);
      }
    }
  }
  for (const Block& block : blocks) {
    REQUIRE(block.whole(block.size));
    std::free(block.data);
  }
}

void run_churn(const Arguments&) { churn(1, 20'000); }

void run_churn_on_threads(const Arguments&) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 8; ++i) threads.emplace_back(churn, i, 5'000);
  for (auto& thread : threads) thread.join();
}

// grow MIB: a vector that grows to so much, value by value.
void run_grow(const Arguments& arguments) {
  const std::size_t count = std::stoull(arguments.at(0)) * (1 << 20) / sizeof(std::uint64_t);
  std::vector<std::uint64_t> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(i * i);
  for (std::size_t i = 0; i < count; ++i) REQUIRE(values[i] == i * i);
}

// Freed memory that comes back must not show what was in it, even through calloc's shortcut for fresh memory.
void run_zero_again(const Arguments&) {
  for (int round = 0; round < 6; ++round) {
    std::vector<std::unique_ptr<unsigned char, decltype(&std::free)>> blocks;
    for (const std::size_t size : {100u << 10, 3u << 20, 500u << 10, 64u << 10, 1u << 20}) {
      blocks.emplace_back(static_cast<unsigned char*>(std::calloc(size, 1)), &std::free);
      REQUIRE(blocks.back() != nullptr);
      const std::span bytes(blocks.back().get(), size);
      REQUIRE(std::ranges::all_of(bytes, [](unsigned char byte) { return byte == 0; }));
      std::ranges::fill(bytes, 0xaa);
    }
  }
}

// Takes all there is, gives it back, and takes it again. The refusals are null and bad_alloc, never a crash.
void run_exhaust(const Arguments& arguments) {
  const std::size_t heap = std::stoull(arguments.at(0));
  for (int round = 0; round < 3; ++round) {
    std::vector<void*> blocks;
    blocks.reserve(heap / 50'000 + 1);
    std::size_t sum = 0;
    const std::size_t size = round == 1 ? 300'000 : 50'000;
    while (void* block = std::malloc(size)) {
      blocks.push_back(block);
      sum += size;
      REQUIRE(sum <= heap);
    }
    REQUIRE(sum > heap / 2);
    bool refused = false;
    try {
      const std::vector<char> all(heap);
      REQUIRE(all[heap / 2] == 0);
    } catch (const std::bad_alloc&) {
      refused = true;
    }
    REQUIRE(refused);
    for (void* block : blocks) std::free(block);
  }
}

}  // namespace

const std::vector<Case> kAllocationCases = {{"churn", run_churn},
                                            {"churn_on_threads", run_churn_on_threads},
                                            {"grow", run_grow},
                                            {"zero_again", run_zero_again},
                                            {"exhaust", run_exhaust}};
