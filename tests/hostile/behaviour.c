// SPDX-License-Identifier: Apache-2.0
// One program that does what its first argument says, for the tests of how a sandbox watches what it runs.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

extern char** environ;

static void show(int count, char** arguments) {
  for (int i = 0; i < count; ++i) printf("argument %s\n", arguments[i]);
  for (char** variable = environ; *variable != NULL; ++variable) printf("variable %s\n", *variable);
  for (int descriptor = 0; descriptor < 65536; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) >= 0) printf("descriptor %d\n", descriptor);
  }
  sigset_t blocked;
  sigprocmask(SIG_BLOCK, NULL, &blocked);
  for (int number = 1; number < 32; ++number) {
    struct sigaction action;
    if (sigismember(&blocked, number)) printf("blocked %d\n", number);
    if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL) printf("ignored %d\n", number);
  }
  struct rlimit limit;
  getrlimit(RLIMIT_STACK, &limit);
  printf("stack %lu\n", (unsigned long)limit.rlim_cur);
  getrlimit(RLIMIT_CORE, &limit);
  printf("core %lu\n", (unsigned long)limit.rlim_max);
  getrlimit(RLIMIT_NOFILE, &limit);
  printf("files %lu\n", (unsigned long)limit.rlim_max);
  char byte;
  printf("dumpable %d\nuser %u\ninput %zd\n", prctl(PR_GET_DUMPABLE), getuid(), read(0, &byte, 1));
}

// Tells what became of reading one path and writing another.
static void use_files(char** paths) {
  char text[64] = "";
  int file = open(paths[0], O_RDONLY);
  ssize_t size = file < 0 ? -1 : read(file, text, sizeof text - 1);
  printf("read %s\n", size < 0 ? strerror(errno) : text);
  file = open(paths[0], O_WRONLY);
  printf("overwrite %s\n", file < 0 ? strerror(errno) : "ok");
  file = open(paths[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
  size = file < 0 ? -1 : write(file, "written", 7);
  printf("write %s\n", size < 0 ? strerror(errno) : "ok");
  file = open(paths[1], O_WRONLY | O_CREAT, 04755);
  printf("setuid %s\n", file < 0 ? strerror(errno) : "ok");
  printf("chmod %s\n", chmod(paths[1], 04755) < 0 ? strerror(errno) : "ok");
  file = open(paths[2], O_RDONLY);
  printf("other %s\n", file < 0 ? strerror(errno) : "ok");
}

// Tells what became of TCP connections to two ports, of listening on a third, and of other kinds of socket.
static void use_network(char** ports) {
  for (int i = 0; i < 3; ++i) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(ports[i]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const struct sockaddr* name = (const struct sockaddr*)&address;
    const int stream = socket(AF_INET, SOCK_STREAM, 0);
    const int done = i < 2 ? connect(stream, name, sizeof address) : bind(stream, name, sizeof address);
    printf("%s %d %s\n", i < 2 ? "connect" : "bind", i, done < 0 ? strerror(errno) : "ok");
  }
  printf("datagram %s\n", socket(AF_INET, SOCK_DGRAM, 0) < 0 ? "refused" : "ok");
  printf("multipath %s\n", socket(AF_INET, SOCK_STREAM, 262) < 0 ? "refused" : "ok");
  printf("unix %s\n", socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? "refused" : "ok");
  printf("raw %s\n", socket(AF_INET, SOCK_RAW, IPPROTO_TCP) < 0 ? "refused" : "ok");
  printf("fast open %s\n", sendto(socket(AF_INET, SOCK_STREAM, 0), "x", 1, MSG_FASTOPEN, NULL, 0) < 0 && errno == ENOSYS
                               ? "refused"
                               : "ok");
}

int main(int count, char** arguments) {
  const char* act = count > 1 ? arguments[1] : "";
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (strcmp(act, "show") == 0) show(count, arguments);
  if (strcmp(act, "exit") == 0) return atoi(arguments[2]);
  if (strcmp(act, "crash") == 0) *(volatile int*)8 = 1;
  if (strcmp(act, "abort") == 0) abort();
  if (strcmp(act, "files") == 0) use_files(arguments + 2);
  if (strcmp(act, "network") == 0) use_network(arguments + 2);
  if (strcmp(act, "echo") == 0) {
    char text[64];
    const ssize_t size = read(0, text, sizeof text);
    if (size > 0 && write(1, text, (size_t)size) != size) return 1;
    if (write(2, "to standard error\n", 18) != 18) return 1;
  }
  if (strcmp(act, "long") == 0) {  // one line of so many bytes, and one without an end
    for (int i = atoi(arguments[2]); i > 0; --i) putchar('x');
    printf("\nend");
  }
  if (strcmp(act, "flood") == 0) {  // for ever, on both streams
    for (unsigned long line = 0;; ++line) {
      printf("line %lu\n", line);
      fprintf(stderr, "error %lu\n", line);
    }
  }
  if (strcmp(act, "count") == 0) {
    for (int line = 0; line < atoi(arguments[2]); ++line) printf("line %d\n", line);
  }
  if (strcmp(act, "silent") == 0) {  // closes everything it has
    for (int descriptor = 0; descriptor < 16; ++descriptor) close(descriptor);
    for (;;) pause();
  }
  if (strcmp(act, "stop") == 0) {
    puts("stopping");
    raise(SIGSTOP);
    puts("continued");
  }
  if (strcmp(act, "wait") == 0 || strcmp(act, "stop") == 0) {
    puts("waiting");
    for (;;) pause();
  }
  return 0;
}
