// SPDX-License-Identifier: Apache-2.0
// A tiny enclave, one page of code: does what rdi says (test_enclave.h has the same numbers) and leaves.
// SAFETY: runs only as an enclave's code, on the stack page and thread page that the test's plan gives it.
  .section .rodata
  .balign 4096
  .globl test_enclave_begin, test_enclave_end
  .hidden test_enclave_begin, test_enclave_end

#define SAVED_RETURN %gs:8
#define STACK_TOP 8192   /* from GS: the page of the thread and then its stack's */

.macro exit_now
  mov SAVED_RETURN, %rbx
  mov $4, %eax
  enclu
  ud2
.endm

.macro command number, to
  cmp $\number, %rdi
  je \to
.endm

test_enclave_begin:
  mov %rcx, SAVED_RETURN
  test %rax, %rax
  jnz exception_entry
  command 1, echo
  mov %rsp, %gs:16
  rdgsbase %rsp
  add $STACK_TOP, %rsp
  command 2, load
  command 3, invalid
  command 4, system_call
  command 5, interrupt
  command 6, breakpoint
  command 7, cpu_id
  command 8, time_stamp
  command 9, divide
  command 10, port
  command 11, spin
  command 12, copy
  command 13, leaf
  command 14, old_system_call
  command 15, port_string
  command 16, outside
  command 17, wild_flags
  ud2

// Everything that EENTER sets: rdi rsi + 1, rsi CSSA, rdx FS, r8 GS, r9 RSP.
echo:
  lea 1(%rsi), %rdi
  mov %rax, %rsi
  rdfsbase %rdx
  rdgsbase %r8
  mov %rsp, %r9
  exit_now

// Loads from rsi, which may fault, with marks in registers that have to be there afterwards.
load:
  mov $0x1111222233334444, %r12
  mov $0x5555666677778888, %r11
  movq %r12, %xmm7
  movq %r11, %mm3
  std
  mov (%rsi), %rax
  pushfq
  pop %r9
  cld
  mov %rax, %rdi
  mov %r12, %rsi
  mov %r11, %rdx
  movq %xmm7, %r8
  emms
  exit_now

invalid:
  ud2
  mov $77, %edi
  exit_now

// getpid, so that it would succeed.
system_call:
  mov $39, %eax
  syscall
  mov %rax, %rdi
  exit_now

old_system_call:
  mov $20, %eax
  int $0x80
  mov %rax, %rdi
  exit_now

interrupt:
  int $0x21
  mov $77, %edi
  exit_now

breakpoint:
  int3
  nop
  mov $77, %edi
  exit_now

cpu_id:
  xor %eax, %eax
  cpuid
  mov %rax, %rdi
  exit_now

time_stamp:
  rdtsc
  mov $77, %edi
  exit_now

divide:
  xor %ecx, %ecx
  xor %edx, %edx
  div %rcx
  nop
  exit_now

port:
  in %dx, %al
  nop
  exit_now

port_string:
  rep outsb
  exit_now

// Counts up to rdx while it adds to a sum in many registers; *rsi (host memory) says that it is inside.
spin:
  movl $1, (%rsi)
  xor %eax, %eax
  xor %r8d, %r8d
  pxor %xmm1, %xmm1
  mov $1, %ecx
  movq %rcx, %xmm2
again:
  add $1, %rax
  lea (%r8, %rax, 1), %r8
  paddq %xmm2, %xmm1
  cmp %rdx, %rax
  jne again
  mov %r8, %rdi
  movq %xmm1, %rsi
  exit_now

// rdx to rsi, r8 bytes, on either side.
copy:
  mov %rsi, %rdi
  mov %rdx, %rsi
  mov %r8, %rcx
  rep movsb
  exit_now

// ENCLU of the leaf r9 with rsi in rbx, rdx in rcx, r8 in rdx: rdi rax, rsi flags.
leaf:
  mov %rsi, %rbx
  mov %rdx, %rcx
  mov %r8, %rdx
  mov %r9, %rax
  enclu
  xchg %ax, %ax
  mov %rax, %rdi
  pushfq
  pop %rsi
  exit_now

// With every flag of arithmetic, DF and AC: says at rsi (host memory) that it is inside, and waits for the word behind.
// rdi: the flags then.
wild_flags:
  pushfq
  orq $0x40cd5, (%rsp)
  popfq
  movl $1, (%rsi)
1:
  mov 4(%rsi), %eax
  cmp $0, %eax
  je 1b
  pushfq
  pop %rdi
  pushq $2
  popfq
  exit_now

// Goes on at rsi, wherever that is.
outside:
  jmp *%rsi

// With CSSA 1: faults again (3), or puts rsi into the frame's RAX, adds rdx to its RIP, and leaves with EXITINFO, the old RIP's offset, what
// EXINFO has, RFLAGS.
exception_entry:
  cmp $3, %rdi
  je invalid
  cmp $100, %rdi
  jne echo
  rdgsbase %r10
  sub $4096 + 184, %r10             // GPRSGX of the first of the two frames before the thread's page
  mov 136(%r10), %r11
  mov %rsi, 0(%r10)
  add %rdx, 136(%r10)
  mov 160(%r10), %edi
  lea test_enclave_begin(%rip), %rsi
  sub %rsi, %r11
  mov %r11, %rsi
  mov -16(%r10), %rdx
  mov -8(%r10), %r8d
  mov 128(%r10), %r9
  exit_now
  .balign 4096
test_enclave_end:

  .section .note.GNU-stack, "", @progbits
