// SPDX-License-Identifier: Apache-2.0
// How the GNU C library's malloc is told to divide the enclave's heap among threads.
//
// Each of its arenas reserves addresses, of which it uses as many as it needs: 64 MiB, aligned to as much, which
// nothing need lie at. An enclave has pages at all of its heap's addresses and at no others. But with huge pages
// (glibc.malloc.hugetlb=2; glibc 2.35 and later) an arena reserves four of them, and how large one is it reads in
// /proc/meminfo, which is the keep kernel's. They are ordinary pages: MAP_HUGETLB makes no difference.
#pragma once

#include <cstdint>

#include "image/sgx/keep_config.h"
#include "keep/text.h"

namespace adyton::keep {

struct MallocArenas {
  std::uint64_t count = 1;  // at most
  std::uint64_t bytes = 0;  // that each reserves at a time, a power of two; with one arena, which grows by brk(), 0

  [[nodiscard]] std::uint64_t huge_page_bytes() const { return bytes == 0 ? 2 << 20 : bytes / 4; }
};

inline constexpr std::uint64_t kMostArenaBytes = 8 << 20;

// `wanted` of them by sgx.malloc_arenas, if a quarter of the heap is enough for as many. None but what asks for several
// has them: what one keeps is lost to the others, and the first, of the first thread, grows by pieces that it never
// gives back or joins, where one alone grows and shrinks by brk().
constexpr MallocArenas malloc_arenas(std::uint64_t heap_bytes, std::uint64_t wanted) {
  if (wanted < 2) return {};
  const std::uint64_t most = heap_bytes / (wanted < 16 ? 64 : wanted * 4);
  std::uint64_t bytes = kLeastArenaBytes;
  while (bytes < kMostArenaBytes && bytes * 2 <= most) bytes *= 2;
  return bytes > heap_bytes / 4 / wanted ? MallocArenas{} : MallocArenas{wanted, bytes};
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
