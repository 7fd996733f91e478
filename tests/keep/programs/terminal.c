// SPDX-License-Identifier: Apache-2.0
// Tells on its standard error what its standard streams are.
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

int main(void) {
  for (int stream = 0; stream < 2; ++stream) {
    struct stat status;
    struct winsize size = {0};
    struct termios how;
    fstat(stream, &status);
    const int told = ioctl(stream, TIOCGWINSZ, &size);
    fprintf(stderr, "%d %d, %d %d x %d, %d\n", isatty(stream), S_ISCHR(status.st_mode) != 0, told, size.ws_col, size.ws_row,
            tcgetattr(stream, &how) == 0 && (how.c_lflag & ICANON) != 0);
  }
  printf("a line\n");   // at once if it is a terminal
  fprintf(stderr, "after it\n");
  return 0;
}
