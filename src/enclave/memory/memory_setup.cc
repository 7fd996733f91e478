// SPDX-License-Identifier: Apache-2.0
// What is left to do about memory once the C library is up, before the program's own constructors: malloc's and
// pthread's defaults, and telling the operator when memory is not as secret as was asked.
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include "enclave/memory/pool.h"

// A program that brings another malloc() must not get the C library's besides.
#pragma weak mallopt

namespace adyton {
namespace {

void say_what_is_not_secret() {
  if (pool_state.asked == 0 || pool_state.kind == MemoryKind::kSecret) return;
  char line[512];
  int length = 0;
  if (pool_state.error == EAGAIN) {
    const std::uint64_t all = pool_state.area_end - pool_state.area + (pool_state.data_end - pool_state.data);
    const std::uint64_t most = pool_state.secret_bytes + pool_state.secret_left;
    length =
        std::snprintf(line, sizeof line,
                      "adyton: %llu KiB of this enclave's %llu KiB are ordinary memory, which root can read: the "
                      "limit of locked memory is too low for more. Raise it (`ulimit -l`, LimitMEMLOCK=), lower "
                      "the manifest's memory.heap, or launch as root\n",
                      static_cast<unsigned long long>((all - most) >> 10), static_cast<unsigned long long>(all >> 10));
  } else {
    length = std::snprintf(line, sizeof line,
                           "adyton: all of this enclave's memory is ordinary memory, which root can read: the kernel "
                           "gives no secret memory here (%s). It needs Linux 5.14 with CONFIG_SECRETMEM, before 6.5 "
                           "also the boot option secretmem.enable=1\n",
                           strerrordesc_np(pool_state.error));
  }
  if (write(STDERR_FILENO, line, static_cast<std::size_t>(length)) < 0) return;  // nobody to tell
}

// The linker is told to want this symbol, which brings in this file.
extern "C" [[gnu::constructor(101)]] void adyton_memory_setup() {
  if (!pool_active()) return;
  // Further arenas would be reserved from the kernel, 128 MiB each, outside the pool.
  if (&mallopt != nullptr) mallopt(M_ARENA_MAX, 1);
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) == 0) {
    if (pthread_attr_setstacksize(&attributes, pool_state.stack_bytes) == 0) pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
  }
  say_what_is_not_secret();
}

}  // namespace
}  // namespace adyton
