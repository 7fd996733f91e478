// SPDX-License-Identifier: Apache-2.0
// CPUID where a rewritten one could go wrong: live data below the stack pointer, registers, flags, signals meanwhile.
// With "features" it tells what it finds of AVX; with "ask N" it asks N times for leaf 4adc0000H, subleaf 5; with
// "time N" it tells what one takes, in nanoseconds.
#include <cpuid.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Executes it with a value in each register that it keeps, with flags set that it keeps, and with ones in the upper
// halves of what it reads. 0: all is as it was. `answer`: the whole registers.
uint64_t lost(uint64_t leaf, uint64_t answer[4]);
__asm__(
    ".text\n.type lost, @function\nlost:\n.cfi_startproc\n"
    "push %rbx\n.cfi_adjust_cfa_offset 8\n push %rbp\n.cfi_adjust_cfa_offset 8\n push %r12\n.cfi_adjust_cfa_offset 8\n"
    "push %r13\n.cfi_adjust_cfa_offset 8\n push %r14\n.cfi_adjust_cfa_offset 8\n push %r15\n.cfi_adjust_cfa_offset 8\n"
    "mov %rsi, %r15\n mov %rdi, %r9\n mov $3, %esi\n mov $5, %ebp\n mov $6, %r8d\n mov $8, %r10d\n mov $11, %r11d\n"
    "mov $12, %r12d\n mov $13, %r13d\n mov $14, %r14d\n mov $-1, %rbx\n mov $-1, %rdx\n"
    "movabs $0xffffffff00000000, %rax\n or %rdi, %rax\n"
    "pushfq\n orq $0x40cd5, (%rsp)\n popfq\n"  // AC, OF, DF, SF, ZF, AF, PF, CF
    "movabs $0xffffffff00000000, %rcx\n"
    "cpuid\n"
    "mov %rax, (%r15)\n mov %rbx, 8(%r15)\n mov %rcx, 16(%r15)\n mov %rdx, 24(%r15)\n"
    "pushfq\n pop %rax\n push $2\n popfq\n"
    "and $0x40cd5, %eax\n xor $0x40cd5, %eax\n"
    "lea -3(%rsi), %rcx\n or %rcx, %rax\n lea -5(%rbp), %rcx\n or %rcx, %rax\n lea -6(%r8), %rcx\n or %rcx, %rax\n"
    "lea -8(%r10), %rcx\n or %rcx, %rax\n lea -11(%r11), %rcx\n or %rcx, %rax\n lea -12(%r12), %rcx\n or %rcx, %rax\n"
    "lea -13(%r13), %rcx\n or %rcx, %rax\n lea -14(%r14), %rcx\n or %rcx, %rax\n xor %rdi, %r9\n or %r9, %rax\n"
    "pop %r15\n.cfi_adjust_cfa_offset -8\n pop %r14\n.cfi_adjust_cfa_offset -8\n pop %r13\n.cfi_adjust_cfa_offset -8\n"
    "pop %r12\n.cfi_adjust_cfa_offset -8\n pop %rbp\n.cfi_adjust_cfa_offset -8\n pop %rbx\n.cfi_adjust_cfa_offset -8\n"
    "ret\n.cfi_endproc\n.size lost, . - lost\n");

// A leaf function, which keeps what it works on below the stack pointer: all 128 bytes are left alone.
uint64_t red_zone(uint64_t seed);
__asm__(
    ".text\n.type red_zone, @function\nred_zone:\n.cfi_startproc\n"
    "mov %rbx, %r8\n mov $16, %ecx\n"
    "1: imul $0x5851f42d, %rdi, %rdi\n add $0x14057b7e, %rdi\n mov %rdi, -136(%rsp,%rcx,8)\n dec %ecx\n jnz 1b\n"
    "mov $0x80000000, %eax\n"
    "cpuid\n"
    "mov %r8, %rbx\n mov $16, %ecx\n xor %eax, %eax\n"
    "2: rol $7, %rax\n xor -136(%rsp,%rcx,8), %rax\n dec %ecx\n jnz 2b\n"
    "ret\n.cfi_endproc\n.size red_zone, . - red_zone\n");

// Left as it is: no instruction before it can move, and something knows the address of its second byte.
uint64_t left(uint64_t leaf);
__asm__(
    ".text\n.type left, @function\nleft:\n.cfi_startproc\n"
    "mov %rbx, %r8\n mov %rdi, %rax\n lea 1f+1(%rip), %rdx\n jmp 1f\n"
    "1: cpuid\n mov %rbx, %rax\n mov %r8, %rbx\n ret\n.cfi_endproc\n.size left, . - left\n");

static volatile int handled;
static volatile uint64_t lost_inside;
static void on_signal(int number) {
  uint64_t answer[4];
  lost_inside |= lost(0x80000002, answer);
  handled += number == SIGUSR1;
}
static void *signals(void *target) {
  while (handled < 50) {
    pthread_kill(*(pthread_t *)target, SIGUSR1);
    sched_yield();
  }
  return NULL;
}

static void tell_features(void) {
  unsigned a, b, c, d;
  __cpuid_count(1, 0x77777777, a, b, c, d);  // which has no subleaves
  printf("avx %d fma %d f16c %d", (c & bit_AVX) != 0, (c & bit_FMA) != 0, (c & bit_F16C) != 0);
  __cpuid_count(7, 0, a, b, c, d);
  printf(" avx2 %d avx512f %d", (b & bit_AVX2) != 0, (b & bit_AVX512F) != 0);
  __cpuid_count(0xd, 0, a, b, c, d);
  printf(" state %x libgcc %d\n", a & 0xe7, __builtin_cpu_supports("avx2") != 0);
}

int main(int argc, char **argv) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (argc == 2 && strcmp(argv[1], "features") == 0) {
    tell_features();
    return 0;
  }
  if (argc == 3 && strcmp(argv[1], "ask") == 0) {
    for (long i = 0; i < atol(argv[2]); ++i) __cpuid_count(0x4adc0000, 5, a, b, c, d);
    printf("%x %x %x %x\n", a, b, c, d);
    return 0;
  }
  if (argc == 3 && strcmp(argv[1], "time") == 0) {
    const long rounds = atol(argv[2]);
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (long i = 0; i < rounds; ++i) __cpuid_count(7, 0, a, b, c, d);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.3f\n", ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / (double)rounds);
    return 0;
  }
  uint64_t answer[4];
  printf("lost %lx\n", lost(0x80000002, answer));
  uint64_t upper = 0;
  for (int i = 0; i < 4; ++i) upper |= answer[i] >> 32;
  printf("upper halves %lx\n", upper);
  __cpuid_count(0x80000002, 0, a, b, c, d);
  printf("the same %d %d\n", a == answer[0] && b == answer[1] && c == answer[2] && d == answer[3],
         left(0x80000002) == answer[1]);
  printf("red zone %lx %lx\n", red_zone(1), red_zone(2));

  signal(SIGUSR1, on_signal);
  pthread_t self = pthread_self(), other;
  pthread_create(&other, NULL, signals, &self);
  uint64_t sum = 0;
  while (handled < 50) sum |= lost(0x80000002, answer);
  pthread_join(other, NULL);
  printf("lost under signals %lx %lx\n", sum, lost_inside);
  return 7;
}
