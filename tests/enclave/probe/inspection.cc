// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <barrier>
#include <cstddef>
#include <fstream>
#include <iostream>
#include <span>
#include <thread>

#include <sys/random.h>
#include <unistd.h>

#include <adyton/secret.h>

#include "probe.h"

namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr unsigned char kMask = 0x5a;

struct Key {
  unsigned char bytes[kKeyBytes];
};

// Puts a random key into its place, and says what it is without writing it anywhere else.
void place(const char* where, std::span<unsigned char> key) {
  REQUIRE(getrandom(key.data(), key.size(), 0) == static_cast<ssize_t>(key.size()));
  std::printf("%s ", where);
  for (const unsigned char byte : key) std::printf("%02x", byte ^ kMask);
  std::printf("\n");
}

Key in_bss;
Key in_data = {{1}};
thread_local Key in_thread_local;

void wait_for_end_of_input() {
  std::printf("ready\n");
  std::fflush(stdout);
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
}

// A key at the end of a Secret that is dropped: what the heap notes in a free block is at its beginning.
void drop_a_secret() {
  constexpr std::size_t kBefore = 64;
  adyton::Secret secret(kBefore + kKeyBytes);
  auto* bytes = static_cast<unsigned char*>(static_cast<void*>(secret.expose_mutable().data()));
  place("dropped", {bytes + kBefore, kKeyBytes});
}

// hold: keys everywhere, until the end of standard input.
void run_hold(const Arguments&) {
  Key on_stack{};
  place("stack", on_stack.bytes);
  place("bss", in_bss.bytes);
  place("data", in_data.bytes);
  place("thread_local", in_thread_local.bytes);
  std::vector<unsigned char> on_heap(kKeyBytes), in_mapping(3 << 20);
  place("heap", on_heap);
  place("large_block", std::span(in_mapping).subspan(1'234'567, kKeyBytes));
  adyton::Secret secret(kKeyBytes);
  // The bytes of a Secret are std::byte; the others here are what getrandom takes.
  auto* secret_bytes = static_cast<unsigned char*>(static_cast<void*>(secret.expose_mutable().data()));
  place("secret", {secret_bytes, kKeyBytes});
  drop_a_secret();
  std::barrier placed(2), done(2);
  std::thread thread([&] {
    Key on_thread_stack{};
    place("thread_stack", on_thread_stack.bytes);
    place("thread_thread_local", in_thread_local.bytes);
    placed.arrive_and_wait();
    done.arrive_and_wait();
    REQUIRE(on_thread_stack.bytes[0] + on_thread_stack.bytes[1] < 512);
  });
  placed.arrive_and_wait();
  wait_for_end_of_input();
  done.arrive_and_wait();
  thread.join();
  REQUIRE(on_stack.bytes[0] + in_data.bytes[0] + in_bss.bytes[0] < 3 * 256);
}

// writable: every mapping that can be written is secret memory, but for the stack the kernel made, which is empty.
void run_writable(const Arguments&) {
  std::barrier started(5), done(5);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      started.arrive_and_wait();
      done.arrive_and_wait();
    });
  }
  started.arrive_and_wait();
  std::vector<char> large(1 << 20, 'x');
  int secret = 0;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find(" rw") == std::string::npos && line.find(" -w") == std::string::npos) continue;
    if (line.find("/secretmem") != std::string::npos) {
      ++secret;
      continue;
    }
    if (line.find("[stack]") == std::string::npos) std::cerr << line << std::endl;
    REQUIRE(line.find("[stack]") != std::string::npos);
  }
  REQUIRE(secret >= 3);
  done.arrive_and_wait();
  for (auto& thread : threads) thread.join();
}

// kernel_stack: nothing is left of arguments and environment where the kernel put them.
void run_kernel_stack(const Arguments& arguments) {
  std::ifstream maps("/proc/self/maps");
  std::size_t begin = 0, end = 0;
  for (std::string line; std::getline(maps, line);) {
    if (line.find("[stack]") == std::string::npos) continue;
    REQUIRE(std::sscanf(line.c_str(), "%zx-%zx", &begin, &end) == 2);
  }
  REQUIRE(end != 0);
  std::ifstream memory("/proc/self/mem", std::ios::binary);
  std::string contents(end - begin, '\0');
  REQUIRE(memory.seekg(static_cast<std::streamoff>(begin))
              .read(contents.data(), static_cast<std::streamsize>(contents.size())));
  REQUIRE(contents.find(arguments.at(0)) == std::string::npos);
}

// resident: how many KiB of secret memory and of other memory there are, idle.
void run_resident(const Arguments&) {
  std::ifstream maps("/proc/self/smaps");
  std::size_t secret = 0, other = 0, size = 0;
  bool in_secret = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find('-') < line.find(' ')) in_secret = line.find("/secretmem") != std::string::npos;
    if (std::sscanf(line.c_str(), "Rss: %zu", &size) == 1) (in_secret ? secret : other) += size;
  }
  std::cout << "secret " << secret << " other " << other << std::endl;
}

}  // namespace

const std::vector<Case> kInspectionCases = {
    {"hold", run_hold}, {"writable", run_writable}, {"kernel_stack", run_kernel_stack}, {"resident", run_resident}};
