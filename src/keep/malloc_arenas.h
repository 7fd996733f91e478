// SPDX-License-Identifier: Apache-2.0
// How the GNU C library's malloc is told to divide the enclave's heap among threads.
//
// Each of its arenas reserves addresses, of which it uses as many as it needs: 64 MiB, aligned to as much, which
// nothing need lie at. An enclave has pages at all of its heap's addresses and at no others. But with huge pages
// (glibc.malloc.hugetlb=2; glibc 2.35 and later) an arena reserves four of them, and how large one is it reads in
// /proc/meminfo, which is the keep kernel's. There are none to be had (MAP_HUGETLB fails with ENOMEM, as on a Linux
// that has set none aside), so malloc goes on with ordinary pages.
#pragma once

#include <cstdint>

#include "keep/text.h"

namespace adyton::keep {

struct MallocArenas {
  std::uint64_t count = 1;  // at most
  std::uint64_t bytes = 0;  // that each reserves at a time; with one arena, which grows by brk(), 0
  // Blocks from this size on are mapped, and given back when they are freed. Else malloc learns a size, up to 32 MiB,
  // and keeps what is smaller: with addresses to spare that costs nothing.
  std::uint64_t mapped_from = 0;

  [[nodiscard]] std::uint64_t huge_page_bytes() const { return bytes / 4; }
};

// As many arenas as threads, but no more than fit in a quarter of the heap; one for a heap of less than 8 MiB.
constexpr MallocArenas malloc_arenas(std::uint64_t heap_bytes, std::uint64_t threads) {
  constexpr std::uint64_t kLeast = 1 << 20, kMost = 8 << 20, kMostMapped = 32 << 20;
  std::uint64_t bytes = kLeast, mapped_from = kLeast;
  while (bytes < kMost && bytes * 2 <= heap_bytes / 64) bytes *= 2;
  while (mapped_from < kMostMapped && mapped_from * 2 <= heap_bytes / 32) mapped_from *= 2;
  const std::uint64_t fit = heap_bytes / 4 / bytes;
  const std::uint64_t count = threads < fit ? threads : fit;
  return count < 2 ? MallocArenas{} : MallocArenas{count, bytes, mapped_from};
}

// The variable of the environment that says so.
inline Line malloc_variable(const MallocArenas& arenas) {
  Line line;
  line << "GLIBC_TUNABLES=glibc.malloc.arena_max=" << arenas.count;
  if (arenas.count == 1) return line;
  // Where malloc is not to learn when to map, it is not to learn when to trim: twice that size is what it would have
  // learnt.
  return line << ":glibc.malloc.hugetlb=2:glibc.malloc.mmap_threshold=" << arenas.mapped_from
              << ":glibc.malloc.trim_threshold=" << 2 * arenas.mapped_from;
}

}  // namespace adyton::keep
