// SPDX-License-Identifier: Apache-2.0
// System calls where a rewritten one could go wrong: live data below the stack pointer, registers, and the ways in
// which the C library makes them. With "time N" it calls getpid() N times and tells what one takes, in nanoseconds;
// with "trap N" it makes N system calls that are not rewritten.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// A leaf function, which keeps what it works on below the stack pointer: the call must leave all 128 bytes alone.
uint64_t red_zone(uint64_t seed, long number);
__asm__(
    ".text\n.type red_zone, @function\nred_zone:\n.cfi_startproc\n"
    "mov %rsi, %r8\n"
    "mov $16, %ecx\n"
    "1: imul $0x5851f42d, %rdi, %rdi\n add $0x14057b7e, %rdi\n mov %rdi, -136(%rsp,%rcx,8)\n dec %ecx\n jnz 1b\n"
    "mov %r8d, %eax\n mov $0x7fffffff, %edi\n xor %esi, %esi\n"
    "syscall\n"
    "mov $16, %ecx\n xor %eax, %eax\n"
    "2: rol $7, %rax\n xor -136(%rsp,%rcx,8), %rax\n dec %ecx\n jnz 2b\n"
    "ret\n.cfi_endproc\n.size red_zone, . - red_zone\n");

// All registers but rax, rcx and r11 are as before, and so are the flags that arithmetic leaves.
uint64_t all_registers(long number);
__asm__(
    ".text\n.type all_registers, @function\nall_registers:\n.cfi_startproc\n"
    "push %rbx\n.cfi_adjust_cfa_offset 8\n push %rbp\n.cfi_adjust_cfa_offset 8\n push %r12\n.cfi_adjust_cfa_offset 8\n"
    "push %r13\n.cfi_adjust_cfa_offset 8\n push %r14\n.cfi_adjust_cfa_offset 8\n push %r15\n.cfi_adjust_cfa_offset 8\n"
    "mov %rdi, %rax\n mov $1, %ebx\n mov $2, %edx\n mov $3, %esi\n mov $4, %edi\n mov $5, %ebp\n mov $6, %r8d\n"
    "mov $7, %r9d\n mov $8, %r10d\n mov $9, %r12d\n mov $10, %r13d\n mov $11, %r14d\n cmp $12, %rbx\n mov $12, %r15d\n"
    "syscall\n"
    "setc %al\n movzbl %al, %eax\n"
    "lea (%rax,%rbx,2), %rax\n lea (%rdx,%rax,2), %rax\n lea (%rsi,%rax,2), %rax\n lea (%rdi,%rax,2), %rax\n"
    "lea (%rbp,%rax,2), %rax\n lea (%r8,%rax,2), %rax\n lea (%r9,%rax,2), %rax\n lea (%r10,%rax,2), %rax\n"
    "lea (%r12,%rax,2), %rax\n lea (%r13,%rax,2), %rax\n lea (%r14,%rax,2), %rax\n lea (%r15,%rax,2), %rax\n"
    "pop %r15\n.cfi_adjust_cfa_offset -8\n pop %r14\n.cfi_adjust_cfa_offset -8\n pop %r13\n.cfi_adjust_cfa_offset -8\n"
    "pop %r12\n.cfi_adjust_cfa_offset -8\n pop %rbp\n.cfi_adjust_cfa_offset -8\n pop %rbx\n.cfi_adjust_cfa_offset -8\n"
    "ret\n.cfi_endproc\n.size all_registers, . - all_registers\n");

// Left as it is, and traps: no instruction before it can move, and something knows the address of its second byte.
long trapped(long number);
__asm__(
    ".text\n.type trapped, @function\ntrapped:\n.cfi_startproc\n"
    "mov %rdi, %rax\n lea 1f+1(%rip), %rdx\n jmp 1f\n"
    "1: syscall\n ret\n.cfi_endproc\n.size trapped, . - trapped\n");

static volatile int handled;
static void on_signal(int number) { handled += number; }

static void *thread(void *argument) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  while (*(volatile int *)argument == 0) sched_yield();
  return argument;
}

// A thread that is cancelled where it waits: the unwinder passes a system call on its way.
static int cleaned;
static void clean(void *argument) { cleaned += *(int *)argument; }
static void *waits(void *argument) {
  int *pipe_ends = argument, value = 3;
  char byte = 0;
  pthread_cleanup_push(clean, &value);
  pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
  if (read(pipe_ends[0], &byte, 1) == 1) pthread_testcancel();
  while (1) pthread_testcancel();
  pthread_cleanup_pop(1);
  return NULL;
}

static double nanoseconds_of_getpid(long rounds) {
  struct timespec begin, end;
  long sum = 0;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (long i = 0; i < rounds; ++i) sum += getpid();
  clock_gettime(CLOCK_MONOTONIC, &end);
  if (sum != rounds * getpid()) abort();
  return ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / (double)rounds;
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "time") == 0) {
    nanoseconds_of_getpid(atol(argv[2]) / 10);
    printf("%.3f\n", nanoseconds_of_getpid(atol(argv[2])));
    return 0;
  }
  if (argc == 3 && strcmp(argv[1], "trap") == 0) {
    long right = 0;
    for (long i = 0; i < atol(argv[2]); ++i) right += trapped(SYS_getpid) == getpid();
    printf("%ld\n", right);
    return 0;
  }
  printf("red zone %lx %lx\n", red_zone(1, SYS_getuid), red_zone(2, SYS_kill));
  printf("registers %lu\n", all_registers(SYS_getpid));
  printf("trapped %d %ld %ld\n", trapped(SYS_getpid) == getpid(), trapped(SYS_sched_yield), -trapped(SYS_vserver));

  signal(SIGUSR1, on_signal);
  for (int i = 0; i < 100; ++i) raise(SIGUSR1);
  printf("handled %d\n", handled == 100 * SIGUSR1);

  int go = 0;
  pthread_t id;
  pthread_create(&id, NULL, thread, &go);
  for (int i = 0; i < 100; ++i) pthread_kill(id, SIGUSR1);
  go = 1;
  pthread_join(id, NULL);
  printf("handled elsewhere %d\n", handled > 100 * SIGUSR1);

  int ends[2];
  if (pipe(ends) != 0) return 1;
  pthread_create(&id, NULL, waits, ends);
  pthread_cancel(id);
  void *result = NULL;
  pthread_join(id, &result);
  printf("cancelled %d %d\n", result == PTHREAD_CANCELED, cleaned);
  return 7;
}
