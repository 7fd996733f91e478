// SPDX-License-Identifier: Apache-2.0
#include <asm/errno.h>
#include <linux/mman.h>

#include "keep/calls.h"
#include "keep/host_interface.h"

namespace adyton::keep {
namespace {

bool of_application(const Kernel& kernel, std::uint64_t address, std::uint64_t bytes) {
  const std::uint64_t begin = kernel.base + kernel.config.app_offset;
  return address >= begin && bytes <= kernel.config.app_bytes && address - begin <= kernel.config.app_bytes - bytes;
}

// All of it or nothing, and where it already is.
std::int64_t map_host_memory(const Kernel& kernel, const Frame& frame) {
  constexpr std::uint64_t kReadWrite = PROT_READ | PROT_WRITE;
  if ((frame.r10 & (MAP_TYPE | MAP_FIXED | MAP_FIXED_NOREPLACE)) != MAP_SHARED || (frame.rdx & ~kReadWrite) != 0 ||
      frame.r9 != 0 || page_ceiling(frame.rsi) != kernel.host_memory.bytes()) {
    return -EINVAL;
  }
  return static_cast<std::int64_t>(kernel.host_memory.address());
}

}  // namespace

std::int64_t call_brk(Kernel& kernel, std::uint64_t address) {
  const Locked locked(kernel.memory_lock);
  return kernel.memory.set_break(address);
}

std::int64_t call_mmap(Kernel& kernel, const Frame& frame) {
  const std::uint64_t flags = frame.r10;
  if ((flags & MAP_TYPE) != MAP_PRIVATE && (flags & MAP_TYPE) != MAP_SHARED) return -EINVAL;
  if ((flags & MAP_ANONYMOUS) == 0) {
    const Held file(kernel, frame.r8);
    if (!file) return -EBADF;
    if (file->kind != FileKind::kHostMemory) return map_file(kernel, frame, *file);
    return map_host_memory(kernel, frame);
  }
  const Locked locked(kernel.memory_lock);
  if (const std::uint64_t stack = kernel.stacks.map(frame.rsi, frame.rdx, flags); stack != 0) {
    return static_cast<std::int64_t>(stack);
  }
  return kernel.memory.map(frame.rdi, frame.rsi, frame.rdx, flags);
}

std::int64_t call_munmap(Kernel& kernel, std::uint64_t address, std::uint64_t bytes) {
  if (address % kPage == 0 && page_ceiling(bytes) != 0 &&
      wholly_outside(address, page_ceiling(bytes), kernel.base, kernel.config.enclave_bytes)) {
    return 0;  // nothing is there, or the host's memory, which stays
  }
  const Locked locked(kernel.memory_lock);
  if (kernel.stacks.contains(address)) return kernel.stacks.unmap(address, bytes);
  return kernel.memory.unmap(address, bytes);
}

std::int64_t call_mprotect(Kernel& kernel, std::uint64_t address, std::uint64_t bytes, std::uint64_t protection) {
  // The application's own pages keep what their SECINFO says; the usual call makes RELRO read-only.
  if (address % 4096 == 0 && of_application(kernel, address, bytes)) {
    if ((protection & PROT_EXEC) != 0) return -EACCES;
    if ((protection & PROT_WRITE) != 0 && !kernel.user.writable(address, bytes)) return -EACCES;
    return 0;
  }
  const Locked locked(kernel.memory_lock);
  if (kernel.stacks.contains(address)) return kernel.stacks.protect(address, bytes, protection);
  return kernel.memory.protect(address, bytes, protection);
}

std::int64_t call_mremap(Kernel& kernel, const Frame& frame) {
  const Locked locked(kernel.memory_lock);
  return kernel.memory.remap(frame.rdi, frame.rsi, frame.rdx, frame.r10, frame.r8);
}

// Wiping takes a while, and every thread that ends has its stack wiped: several may do so at a time.
std::int64_t call_madvise(Kernel& kernel, std::uint64_t address, std::uint64_t bytes, std::uint64_t advice) {
  constexpr std::uint64_t kForgets = std::uint64_t{1} << MADV_DONTNEED | std::uint64_t{1} << MADV_FREE;
  if (address % kPage == 0 && of_application(kernel, address, bytes)) {
    return advice <= MADV_COLLAPSE && (kForgets >> advice & 1) == 0 ? 0 : -EINVAL;
  }
  const Shared shared(kernel.memory_lock);
  if (kernel.stacks.contains(address)) return kernel.stacks.advise(address, bytes, advice);
  return kernel.memory.advise(address, bytes, advice);
}

HeapUse heap_use(Kernel& kernel) {
  const Locked locked(kernel.memory_lock);
  const std::uint64_t bytes = kernel.memory.end() - kernel.memory.begin();
  return {bytes, bytes - kernel.memory.taken_bytes()};
}

bool is_there(Kernel& kernel, std::uint64_t address, std::uint64_t bytes) {
  if (bytes == 0) return true;
  bytes = page_ceiling(bytes);
  if (of_application(kernel, address, bytes)) return true;
  const Shared shared(kernel.memory_lock);
  if (kernel.stacks.contains(address)) return kernel.stacks.has(address, bytes);
  return address + bytes > address && kernel.memory.areas().is_taken(address, address + bytes);
}

// All that is taken is there.
std::int64_t call_mincore(Kernel& kernel, std::uint64_t address, std::uint64_t bytes, std::uint64_t to) {
  std::uint64_t end = 0;
  if (address % kPage != 0) return -EINVAL;
  if (__builtin_add_overflow(address, page_ceiling(bytes), &end)) return -ENOMEM;
  auto* pages = kernel.user.out<unsigned char>(to, (end - address) / kPage);
  if (pages == nullptr && end != address) return -EFAULT;
  if (!is_there(kernel, address, bytes)) return -ENOMEM;
  for (std::uint64_t page = 0; page < (end - address) / kPage; ++page) pages[page] = 1;
  return 0;
}

}  // namespace adyton::keep
