// SPDX-License-Identifier: Apache-2.0
// All the memory an enclave gets while it runs: one range, fixed at the start, in secret memory where the machine has
// it. The C library's sbrk, mmap, mremap and munmap are served from here (libc_wrap_unsafe.cc); docs/secret-memory.md
// tells the whole story.
#pragma once

#include <cstddef>
#include <cstdint>

namespace adyton {

enum class MemoryKind : std::uint8_t {
  kNative,    // not started by a launcher: the C library asks the kernel itself
  kOrdinary,  // the pool is ordinary memory: not asked to be secret, or the machine has none
  kPartly,    // as much of it is secret memory as the locked-memory limit allows
  kSecret,    // all of it
};

// What adyton_start leaves behind. Written once before the C library starts, then read-only but for what pool_unsafe.cc
// keeps under its lock.
struct PoolState {
  MemoryKind kind;
  int error;                     // errno of the refusal, if kind is not what was asked for
  std::uint8_t asked;            // BootOptions::secret
  std::uint64_t heap_bytes;      // of the pool: the manifest's heap_bytes
  std::uint64_t stack_bytes;     // of each thread
  std::uint64_t area, area_end;  // main stack and pool, with their guard pages
  std::uint64_t pool;            // the pool's first byte; page-aligned
  std::uint64_t data, data_end;  // the program's own writable data that was moved; empty if none
  std::uint64_t secret_left;     // kPartly: bytes that may still be made secret
  std::uint64_t secret_bytes;    // how much is secret now, all in all
};
[[gnu::visibility("hidden")]] extern PoolState pool_state;

// True from the first instruction after adyton_start, in an enclave that a launcher started.
inline bool pool_active() { return pool_state.kind != MemoryKind::kNative; }

// True if memory at `address` belongs to this process alone, though the kernel may think of it as shared.
inline bool is_enclave_memory(std::uint64_t address) {
  return (pool_state.area <= address && address < pool_state.area_end) ||
         (pool_state.data <= address && address < pool_state.data_end);
}

// The functions below need pool_active(); they are thread-safe and work before thread-local storage does. Sizes are
// rounded up to pages; memory handed out is zero.

enum class MapUse { kData, kThreadStack };

// A new run of pages, readable and writable; a stack none of it: its owner unlocks all but the guard. Null: no room.
std::byte* pool_map(std::size_t size, MapUse use);

// How the range [address, address + size) lies to the pool.
enum class PoolRange { kOutside, kInside, kAcross };
PoolRange pool_range(std::uint64_t address, std::size_t size);

// The following take ranges that are kInside; `address` page-aligned.
void pool_unmap(std::uint64_t address, std::size_t size);  // wipes and takes back; free pages stay free
bool pool_owns(std::uint64_t address, std::size_t size);   // all of it handed out by pool_map()
std::byte* pool_remap(std::uint64_t address, std::size_t old_size, std::size_t new_size,
                      bool may_move);                      // null: no room
void pool_clear(std::uint64_t address, std::size_t size);  // zero, readable and writable

// As sbrk(2): the old end, or null when there is no room. What is given back is wiped.
std::byte* pool_sbrk(std::intptr_t increment);

}  // namespace adyton
