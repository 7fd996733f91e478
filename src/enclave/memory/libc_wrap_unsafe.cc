// SPDX-License-Identifier: Apache-2.0
// Where the C library asks for memory: the linker sends its calls of mmap, munmap, mremap, sbrk and brk here (--wrap,
// src/enclave/CMakeLists.txt), and with them malloc, thread stacks and everything that maps anonymous memory. What is
// not private anonymous memory goes on to the kernel as it is.
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdint>

#include <linux/futex.h>
#include <sys/types.h>

#include "enclave/memory/kernel_unsafe.h"
#include "enclave/memory/pool.h"

namespace adyton {
namespace {

constexpr std::uint64_t kPageMask = 4095;

template <class T>
T fail(int error, T value) {
  errno = error;
  return value;
}

// What the C library's own wrapper does with the kernel's answer.
long answer(long result) { return failed(result) ? fail(static_cast<int>(-result), -1l) : result; }

void* kernel_mmap(void* address, std::size_t size, int prot, int flags, int fd, off_t offset) {
  const long result = kernel_call(SYS_mmap, address_of(address), size, static_cast<std::uint64_t>(prot),
                                  static_cast<std::uint64_t>(flags), static_cast<std::uint64_t>(fd),
                                  static_cast<std::uint64_t>(offset));
  return pointer_to(static_cast<std::uint64_t>(answer(result)));
}

// A mapping at an address of the caller's choice that touches the pool: fresh memory over memory that was handed out.
void* map_over_pool(std::uint64_t address, std::size_t size, int prot, int flags) {
  if ((flags & MAP_FIXED_NOREPLACE) == MAP_FIXED_NOREPLACE) return fail(EEXIST, MAP_FAILED);
  const bool fresh_data = (flags & MAP_ANONYMOUS) != 0 && (flags & MAP_TYPE) == MAP_PRIVATE && (prot & PROT_EXEC) == 0;
  if (!fresh_data || pool_range(address, size) != PoolRange::kInside || !pool_owns(address, size)) {
    return fail(EINVAL, MAP_FAILED);
  }
  pool_clear(address, size);
  if (prot != (PROT_READ | PROT_WRITE)) kernel_call(SYS_mprotect, address, size, static_cast<std::uint64_t>(prot));
  return pointer_to(address);
}

void* map(void* address, std::size_t size, int prot, int flags, int fd, off_t offset) {
  if (!pool_active()) return kernel_mmap(address, size, prot, flags, fd, offset);
  if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0) {
    if (pool_range(address_of(address), size) == PoolRange::kOutside) {
      return kernel_mmap(address, size, prot, flags, fd, offset);
    }
    return (address_of(address) & kPageMask) != 0 ? fail(EINVAL, MAP_FAILED)
                                                  : map_over_pool(address_of(address), size, prot, flags);
  }
  const bool anonymous = (flags & MAP_ANONYMOUS) != 0 && (flags & MAP_TYPE) == MAP_PRIVATE;
  const bool data = (prot & PROT_WRITE) != 0 && (prot & PROT_EXEC) == 0;
  const bool stack = prot == PROT_NONE && (flags & MAP_STACK) != 0;
  if (!anonymous || !(data || stack)) return kernel_mmap(address, size, prot, flags, fd, offset);
  if (size == 0) return fail(EINVAL, MAP_FAILED);
  // Huge pages and the low 4 GiB are not to be had from the pool; callers of either have another plan.
  if ((flags & (MAP_HUGETLB | MAP_32BIT)) != 0) return fail(ENOMEM, MAP_FAILED);
  std::byte* const result = pool_map(size, stack ? MapUse::kThreadStack : MapUse::kData);
  return result == nullptr ? fail(ENOMEM, MAP_FAILED) : result;
}

int unmap(void* address, std::size_t size) {
  const std::uint64_t at = address_of(address);
  const PoolRange range = pool_active() ? pool_range(at, size) : PoolRange::kOutside;
  if (range == PoolRange::kOutside) return static_cast<int>(answer(kernel_call(SYS_munmap, at, size)));
  if (range == PoolRange::kAcross || (at & kPageMask) != 0) return fail(EINVAL, -1);
  pool_unmap(at, size);
  return 0;
}

void* remap(void* address, std::size_t old_size, std::size_t new_size, int flags, void* new_address) {
  const std::uint64_t at = address_of(address);
  const bool fixed = (flags & MREMAP_FIXED) != 0;
  if (!pool_active() || (pool_range(at, old_size) == PoolRange::kOutside &&
                         (!fixed || pool_range(address_of(new_address), new_size) == PoolRange::kOutside))) {
    return pointer_to(static_cast<std::uint64_t>(answer(
        kernel_call(SYS_mremap, at, old_size, new_size, static_cast<std::uint64_t>(flags), address_of(new_address)))));
  }
  const bool known_flags = (flags & ~MREMAP_MAYMOVE) == 0;
  if (!known_flags || old_size == 0 || new_size == 0 || (at & kPageMask) != 0 ||
      pool_range(at, old_size) != PoolRange::kInside) {
    return fail(EINVAL, MAP_FAILED);
  }
  if (!pool_owns(at, old_size)) return fail(EFAULT, MAP_FAILED);
  std::byte* const result = pool_remap(at, old_size, new_size, (flags & MREMAP_MAYMOVE) != 0);
  return result == nullptr ? fail(ENOMEM, MAP_FAILED) : result;
}

// A word of an enclave's own memory is shared with nobody, but the kernel would look secret memory up as if it were,
// and cannot. libstdc++ waits for futures and for initialisation of local statics in this way.
std::uint64_t private_if_own(std::uint64_t address, std::uint64_t operation) {
  return pool_active() && is_enclave_memory(address) ? operation | FUTEX_PRIVATE_FLAG : operation;
}

}  // namespace
}  // namespace adyton

extern "C" {

void* __real_sbrk(std::intptr_t increment);
int __real_brk(void* address);
void* __real__dl_early_allocate(std::size_t size);

void* __wrap_mmap(void* address, std::size_t size, int prot, int flags, int fd, off_t offset) {
  return adyton::map(address, size, prot, flags, fd, offset);
}
void* __wrap_mmap64(void* address, std::size_t size, int prot, int flags, int fd, off_t offset) {
  return adyton::map(address, size, prot, flags, fd, offset);
}
void* __wrap___mmap(void* address, std::size_t size, int prot, int flags, int fd, off_t offset) {
  return adyton::map(address, size, prot, flags, fd, offset);
}
void* __wrap___mmap64(void* address, std::size_t size, int prot, int flags, int fd, off_t offset) {
  return adyton::map(address, size, prot, flags, fd, offset);
}

int __wrap_munmap(void* address, std::size_t size) { return adyton::unmap(address, size); }
int __wrap___munmap(void* address, std::size_t size) { return adyton::unmap(address, size); }

void* __wrap_mremap(void* address, std::size_t old_size, std::size_t new_size, int flags, void* new_address) {
  return adyton::remap(address, old_size, new_size, flags, new_address);
}
void* __wrap___mremap(void* address, std::size_t old_size, std::size_t new_size, int flags, void* new_address) {
  return adyton::remap(address, old_size, new_size, flags, new_address);
}

void* __wrap_sbrk(std::intptr_t increment) {
  if (!adyton::pool_active()) return __real_sbrk(increment);
  std::byte* const old = adyton::pool_sbrk(increment);
  return old == nullptr ? adyton::fail(ENOMEM, adyton::pointer_to(~std::uint64_t{0})) : old;
}
void* __wrap___sbrk(std::intptr_t increment) { return __wrap_sbrk(increment); }

int __wrap_brk(void* address) {
  if (!adyton::pool_active()) return __real_brk(address);
  const std::uint64_t now = adyton::address_of(adyton::pool_sbrk(0));
  const auto increment = static_cast<std::intptr_t>(adyton::address_of(address) - now);
  return adyton::pool_sbrk(increment) == nullptr ? adyton::fail(ENOMEM, -1) : 0;
}

// The main thread's static thread-local storage; errno does not exist yet.
void* __wrap__dl_early_allocate(std::size_t size) {
  if (!adyton::pool_active()) return __real__dl_early_allocate(size);
  return adyton::pool_sbrk(static_cast<std::intptr_t>(size));
}

long __wrap_syscall(long number, ...) {
  std::va_list arguments;
  va_start(arguments, number);
  std::uint64_t a[6];
  for (std::uint64_t& argument : a) argument = va_arg(arguments, std::uint64_t);
  va_end(arguments);
  if (number == SYS_futex) a[1] = adyton::private_if_own(a[0], a[1]);
  return adyton::answer(adyton::kernel_call(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

}  // extern "C"
