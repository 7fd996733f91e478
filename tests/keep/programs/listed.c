// SPDX-License-Identifier: Apache-2.0
// Prints the files that the arguments name, as far as they are there; of a folder what is in it. After "cd" it goes to
// the folder that is named next.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void show_folder(const char* name) {
  struct dirent** entries;
  const int count = scandir(name, &entries, NULL, alphasort);
  for (int index = 0; index < count; ++index) printf("%s ", entries[index]->d_name);
  puts("");
}

int main(int count, char** names) {
  for (int index = 1; index < count; ++index) {
    if (strcmp(names[index], "cd") == 0) {
      printf("cd %d\n", chdir(names[++index]));
      continue;
    }
    struct stat status;
    if (stat(names[index], &status) == 0 && S_ISDIR(status.st_mode)) {
      show_folder(names[index]);
      continue;
    }
    FILE* file = fopen(names[index], "r");
    char line[100];
    if (file == NULL) {
      puts(strerror(errno));
    } else if (fgets(line, sizeof(line), file) != NULL) {
      printf("%ld %s", (long)status.st_size, line);
    }
    if (file != NULL) fclose(file);
  }
  return 0;
}
