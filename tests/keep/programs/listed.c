// SPDX-License-Identifier: Apache-2.0
// Prints the files that the arguments name, as far as they are there.
#include <errno.h>
#include <stdio.h>
#include <string.h>

int main(int count, char** names) {
  for (int index = 1; index < count; ++index) {
    FILE* file = fopen(names[index], "r");
    char line[100];
    if (file == NULL) {
      puts(strerror(errno));
    } else if (fgets(line, sizeof(line), file) != NULL) {
      fputs(line, stdout);
    }
    if (file != NULL) fclose(file);
  }
  return 0;
}
