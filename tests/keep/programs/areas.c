// SPDX-License-Identifier: Apache-2.0
// Memory in many pieces: every second page of many made read-only, and all of it given back at once.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

enum { kPages = 20000, kPage = 4096 };

int main(void) {
  for (int round = 0; round < 2; ++round) {
    char* const memory = mmap(NULL, (long)kPages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int refused = memory == MAP_FAILED;
    for (long page = 0; page < kPages && refused == 0; page += 2) {
      refused = mprotect(memory + page * kPage, kPage, PROT_READ) == 0 ? 0 : errno;
    }
    printf("refused %d\n", refused);
    char* const other = mmap(NULL, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("another %d, %d\n", other != MAP_FAILED, munmap(other, kPage));
    char* const grown = mremap(memory + kPage, kPage, 2 * kPage, MREMAP_MAYMOVE);
    printf("moved %d\n", grown != MAP_FAILED);
    printf("given back %d, %d\n", munmap(grown, 2 * kPage), munmap(memory, (long)kPages * kPage));
  }
  return 0;
}
