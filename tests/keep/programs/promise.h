// SPDX-License-Identifier: Apache-2.0
// How the programs that trust their host only so far end when it has broken what docs/keep.md promises.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdio>

[[noreturn]] inline void broken(int line, const char* promise) {
  char text[200];
  const int length = snprintf(text, sizeof(text), "line %d: %s\n", line, promise);
  (void)!write(2, text, static_cast<std::size_t>(length));
  _exit(99);
}
#define PROMISE(promise)                        \
  do {                                          \
    if (!(promise)) broken(__LINE__, #promise); \
  } while (false)
