// SPDX-License-Identifier: Apache-2.0
// Makes system calls that an enclave does not have, each twice.
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  for (int time = 0; time < 2; ++time) {
    const long ring = syscall(SYS_io_uring_setup, 1, NULL);
    printf("%ld %d\n", ring, errno == ENOSYS);
    const long nobodys = syscall(500);
    printf("%ld %d\n", nobodys, errno == ENOSYS);
    printf("%d %d\n", fork(), errno == ENOSYS);
    printf("%d %d\n", execl("/bin/true", "true", (char*)NULL), errno == ENOSYS);
  }
  return 0;
}
