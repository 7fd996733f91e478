// SPDX-License-Identifier: Apache-2.0
#include "bench/attest/allocations.h"

#include <cstdlib>
#include <new>

namespace {
thread_local std::size_t allocated = 0;
}

void* operator new(std::size_t size) {
  allocated += size;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
// Not inline: g++ would see a free() of what operator new gave.
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

std::size_t adyton::bench::allocated_so_far() { return allocated; }
