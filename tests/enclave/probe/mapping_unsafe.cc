// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <thread>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

namespace {

constexpr std::size_t kPage = 4096;

// SAFETY: here and below each mapping is checked to be there before it is used, and used within its size.
unsigned char* map(std::size_t size, int prot = PROT_READ | PROT_WRITE, int flags = 0) {
  void* memory = mmap(nullptr, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  return static_cast<unsigned char*>(memory);
}

bool all(const unsigned char* data, std::size_t size, unsigned char value) {
  return std::all_of(data, data + size, [=](unsigned char byte) { return byte == value; });
}

void run_map(const Arguments&) {
  // Zero, page-aligned, whole pages, writable to the end.
  unsigned char* one = map(3 * kPage + 1);
  REQUIRE(all(one, 4 * kPage, 0));
  std::memset(one, 1, 4 * kPage);
  unsigned char* two = map(4 * kPage);
  std::memset(two, 2, 4 * kPage);
  REQUIRE(all(one, 4 * kPage, 1));

  // A hole in the middle: the rest stays, and what comes into the hole is zero.
  REQUIRE(munmap(one + kPage, 2 * kPage) == 0);
  REQUIRE(all(one, kPage, 1) && all(one + 3 * kPage, kPage, 1));
  for (int i = 0; i < 8; ++i) {
    unsigned char* again = map(kPage);
    REQUIRE(all(again, kPage, 0));
    std::memset(again, 3, kPage);
  }
  REQUIRE(all(one, kPage, 1) && all(one + 3 * kPage, kPage, 1) && all(two, 4 * kPage, 2));

  // What is not mapped may be unmapped; a bad address or length may not.
  REQUIRE(munmap(one, 4 * kPage) == 0 && munmap(one, 4 * kPage) == 0);
  REQUIRE(munmap(two + 1, kPage) == -1 && errno == EINVAL);
  // SAFETY: refused.
  REQUIRE(mmap(nullptr, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
          errno == EINVAL);
  REQUIRE(munmap(two, 4 * kPage) == 0);
}

void run_remap(const Arguments&) {
  // Grow in place or move, then shrink; the contents stay, the rest is zero.
  unsigned char* memory = map(2 * kPage);
  std::memset(memory, 5, 2 * kPage);
  map(kPage);
  memory = static_cast<unsigned char*>(mremap(memory, 2 * kPage, 64 * kPage, MREMAP_MAYMOVE));
  REQUIRE(memory != MAP_FAILED);
  REQUIRE(all(memory, 2 * kPage, 5) && all(memory + 2 * kPage, 62 * kPage, 0));
  std::memset(memory, 6, 64 * kPage);
  REQUIRE(mremap(memory, 64 * kPage, 3 * kPage, 0) == memory);
  REQUIRE(all(memory, 3 * kPage, 6));
  unsigned char* back = static_cast<unsigned char*>(mremap(memory, 3 * kPage, 64 * kPage, MREMAP_MAYMOVE));
  REQUIRE(back != MAP_FAILED && all(back, 3 * kPage, 6) && all(back + 3 * kPage, 61 * kPage, 0));
  REQUIRE(munmap(back, 64 * kPage) == 0);
}

void run_fixed(const Arguments&) {
  // Fresh memory over part of a mapping.
  unsigned char* memory = map(4 * kPage);
  std::memset(memory, 7, 4 * kPage);
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  // SAFETY: over memory of this function's own.
  REQUIRE(mmap(memory + kPage, 2 * kPage, PROT_READ | PROT_WRITE, flags, -1, 0) == memory + kPage);
  REQUIRE(all(memory, kPage, 7) && all(memory + kPage, 2 * kPage, 0) && all(memory + 3 * kPage, kPage, 7));
  REQUIRE(mmap(memory, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
          MAP_FAILED);
  REQUIRE(errno == EEXIST);
  REQUIRE(munmap(memory, 4 * kPage) == 0);
  // A file never comes into the pool, where the memory under it would be lost: in an enclave only.
  if (getenv("PROBE_NATIVE") == nullptr) {
    memory = map(kPage);
    const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    // SAFETY: refused.
    REQUIRE(mmap(memory, kPage, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED && errno == EINVAL);
    REQUIRE(all(memory, kPage, 0));
    close(fd);
  }
}

// What is not private anonymous memory is the kernel's.
void run_kernel_mappings(const Arguments&) {
  const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  // SAFETY: new mappings, at addresses of the kernel's choice.
  void* file = mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, fd, 0);
  REQUIRE(file != MAP_FAILED && std::memcmp(file, "\177ELF", 4) == 0);
  REQUIRE(munmap(file, kPage) == 0);
  close(fd);
  void* shared = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(shared != MAP_FAILED);
  void* grown = mremap(shared, kPage, 2 * kPage, MREMAP_MAYMOVE);
  REQUIRE(grown != MAP_FAILED && munmap(grown, 2 * kPage) == 0);
  // A reservation that is larger than the heap, and part of it opened up.
  constexpr std::size_t kReserved = std::size_t{1} << 36;
  unsigned char* reserved = map(kReserved, PROT_NONE, MAP_NORESERVE);
  REQUIRE(mprotect(reserved + kPage, kPage, PROT_READ | PROT_WRITE) == 0);
  reserved[kPage] = 1;
  REQUIRE(munmap(reserved, kReserved) == 0);
}

void run_break(const Arguments&) {
  auto* start = static_cast<unsigned char*>(sbrk(0));
  REQUIRE(sbrk(100'000) == start);
  REQUIRE(all(start, 100'000, 0));
  std::memset(start, 9, 100'000);
  REQUIRE(sbrk(-50'000) == start + 100'000);
  REQUIRE(sbrk(50'000) == start + 50'000);
  // Whole pages come back as zeroes.
  REQUIRE(all(start, 50'000, 9) && all(start + 50'000 + kPage, 50'000 - kPage, 0));
  REQUIRE(brk(start + 10) == 0 && sbrk(0) == start + 10);
  REQUIRE(brk(start) == 0);
}

// Many threads map, write, check and unmap; nobody gets what another has.
void run_map_on_threads(const Arguments&) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([i] {
      for (std::size_t round = 0; round < 2'000; ++round) {
        const std::size_t size = (1 + round % 13) * kPage;
        unsigned char* memory = map(size);
        REQUIRE(all(memory, size, 0));
        std::memset(memory, i + 1, size);
        REQUIRE(all(memory, size, static_cast<unsigned char>(i + 1)));
        REQUIRE(munmap(memory, size) == 0);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

int global = 1;

// A forked child must not write into its parent's memory, which the kernel shares between them: it dies instead.
void run_fork(const Arguments&) {
  auto* word = new int(1);
  const pid_t child = fork();
  if (child == 0) {
    *word = global = 2;
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
  REQUIRE(*word == 1 && global == 1);
  delete word;
}

}  // namespace

const std::vector<Case> kMappingCases = {{"map", run_map},     {"remap", run_remap},
                                         {"fixed", run_fixed}, {"kernel_mappings", run_kernel_mappings},
                                         {"break", run_break}, {"map_on_threads", run_map_on_threads},
                                         {"fork", run_fork}};
