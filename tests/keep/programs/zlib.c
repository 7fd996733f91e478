// SPDX-License-Identifier: Apache-2.0
// zlib: a buffer there and back, and a .gz file.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

int main(void) {
  enum { kBytes = 1000000 };
  unsigned char* text = malloc(kBytes);
  unsigned next = 1;
  for (int i = 0; i < kBytes; ++i) text[i] = (unsigned char)("abcdefgh"[(next = next * 1664525 + 1013904223) >> 29]);
  uLongf packed_bytes = compressBound(kBytes), bytes = kBytes;
  unsigned char *packed = malloc(packed_bytes), *back = malloc(kBytes);
  printf("%d ", compress2(packed, &packed_bytes, text, kBytes, 6));
  printf("%lu ", packed_bytes);
  int result = uncompress(back, &bytes, packed, packed_bytes);
  printf("%d %d\n", result, memcmp(text, back, kBytes));
  printf("crc %08lx adler %08lx\n", crc32(0, text, kBytes), adler32(1, text, kBytes));
  packed[packed_bytes / 2] ^= 0x55;
  bytes = kBytes;
  printf("broken %d\n", uncompress(back, &bytes, packed, packed_bytes) != Z_OK);

  char path[100], line[100];
  snprintf(path, sizeof(path), "/tmp/adyton-zlib-%d-test.gz", (int)getpid());
  gzFile file = gzopen(path, "wb9");
  for (int i = 0; i < 10000; ++i) gzprintf(file, "line %d\n", i);
  printf("closed %d\n", gzclose(file));
  file = gzopen(path, "rb");
  int lines = 0;
  while (gzgets(file, line, sizeof(line)) != NULL) ++lines;
  printf("%d lines, the last is %s", lines, line);
  gzclose(file);
  printf("removed %d\n", unlink(path));
  return 0;
}
