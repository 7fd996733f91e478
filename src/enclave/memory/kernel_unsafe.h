// SPDX-License-Identifier: Apache-2.0
// System calls without the C library: no errno, no thread-local storage, usable from the first instruction on.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/mman.h>
#include <sys/syscall.h>

namespace adyton {

// Returns what the kernel returns: a value, or -errno.
[[gnu::always_inline]] inline long kernel_call(long number, std::uint64_t a = 0, std::uint64_t b = 0,
                                               std::uint64_t c = 0, std::uint64_t d = 0, std::uint64_t e = 0,
                                               std::uint64_t f = 0) {
  // SAFETY: the x86-64 Linux convention: arguments in rdi, rsi, rdx, r10, r8, r9; rcx and r11 are lost.
  register std::uint64_t r10 __asm__("r10") = d;
  register std::uint64_t r8 __asm__("r8") = e;
  register std::uint64_t r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

[[gnu::always_inline]] inline bool failed(long result) { return result < 0 && result >= -4095; }

// SAFETY: an address is a number to the kernel; who dereferences the pointer says why it may.
[[gnu::always_inline]] inline std::uint64_t address_of(const volatile void* pointer) {
  return reinterpret_cast<std::uint64_t>(pointer);
}
[[gnu::always_inline]] inline std::byte* pointer_to(std::uint64_t address) {
  return reinterpret_cast<std::byte*>(address);
}

// Maps fresh secret memory where there is room. Its descriptor is closed at once: what has it could map the memory.
// Forked children do not get it: it is shared memory to the kernel, and a child must not write into its parent's heap.
// Returns the address or -errno: ENOSYS or EPERM where there is none, EAGAIN beyond RLIMIT_MEMLOCK.
[[gnu::always_inline]] inline long map_secret(std::uint64_t size) {
  constexpr std::uint64_t kCloseOnExec = 02000000;
  const long descriptor = kernel_call(SYS_memfd_secret, kCloseOnExec);
  if (failed(descriptor)) return descriptor;
  const auto fd = static_cast<std::uint64_t>(descriptor);
  long result = kernel_call(SYS_ftruncate, fd, size);
  if (!failed(result)) result = kernel_call(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  kernel_call(SYS_close, fd);
  if (!failed(result)) kernel_call(SYS_madvise, static_cast<std::uint64_t>(result), size, MADV_DONTFORK);
  return result;
}

// Moves a mapping over what is mapped at `to`. 0 or -errno.
[[gnu::always_inline]] inline long move_mapping(std::uint64_t from, std::uint64_t size, std::uint64_t to) {
  const long result = kernel_call(SYS_mremap, from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to);
  return failed(result) ? result : 0;
}

// Replaces untouched ordinary memory at `address` by secret memory. 0, or -errno and nothing has changed. (Not by mmap
// with MAP_FIXED: where the limit refuses the new mapping, that has already removed the old one.)
[[gnu::always_inline]] inline long make_secret_at(std::uint64_t address, std::uint64_t size) {
  const long fresh = map_secret(size);
  return failed(fresh) ? fresh : move_mapping(static_cast<std::uint64_t>(fresh), size, address);
}

}  // namespace adyton
