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
  std::uint64_t bytes = 0;  // that each reserves at a time, a power of two; with one arena, which grows by brk(), 0

  [[nodiscard]] std::uint64_t huge_page_bytes() const { return bytes / 4; }
};

inline constexpr std::uint64_t kLeastArenaBytes = 1 << 20, kMostArenaBytes = 8 << 20;

// An arena for each 16 MiB, as many as threads at most, and no more than fit in a quarter of the heap.
constexpr MallocArenas malloc_arenas(std::uint64_t heap_bytes, std::uint64_t threads) {
  std::uint64_t bytes = kLeastArenaBytes;
  while (bytes < kMostArenaBytes && bytes * 2 <= heap_bytes / 64) bytes *= 2;
  std::uint64_t count = heap_bytes / (16 << 20);
  if (count > heap_bytes / 4 / bytes) count = heap_bytes / 4 / bytes;
  if (count > threads) count = threads;
  return count < 2 ? MallocArenas{} : MallocArenas{count, bytes};
}

// The variable of the environment that says so. Where there are several arenas, what is freed has to come back to where
// all can have it, as nothing else does when the heap is used up: large blocks are mapped and not kept, small ones are
// joined with their neighbours at once (mxfast), and who grows does it by so much that the pieces are of use.
inline Line malloc_variable(const MallocArenas& arenas) {
  Line line;
  line << "GLIBC_TUNABLES=glibc.malloc.arena_max=" << arenas.count;
  if (arenas.count == 1) return line;
  return line << ":glibc.malloc.hugetlb=2:glibc.malloc.mxfast=0:glibc.malloc.mmap_threshold=" << arenas.bytes / 2
              << ":glibc.malloc.top_pad=" << arenas.bytes / 2 << ":glibc.malloc.trim_threshold=" << arenas.bytes;
}

}  // namespace adyton::keep
