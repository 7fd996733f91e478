// SPDX-License-Identifier: Apache-2.0
// int adyton_spawn_child(uint64_t flags, void* stack_top, int* pidfd, int (*function)(void*), void* argument)
//
// clone(2) as spawn_unsafe.cc needs it, without the C library's wrapper: the sanitizers take that for a fork and give up
// on what comes after. Returns the child's process id or minus errno; the child ends with what the function returns.
//
// SAFETY: the child shares this memory and runs on its own stack (16-byte aligned at the top); the system call keeps all
// registers but rax, rcx and r11.
  .text
  .globl adyton_spawn_child
  .hidden adyton_spawn_child
  .type adyton_spawn_child, @function
adyton_spawn_child:
  .cfi_startproc
  endbr64
  mov %rcx, %r9
  xor %r10d, %r10d
  mov $56, %eax
  syscall
  test %rax, %rax
  jz 1f
  ret
1:
  .cfi_undefined rip
  xor %ebp, %ebp
  mov %r8, %rdi
  call *%r9
  mov %eax, %edi
  mov $231, %eax
  syscall
  hlt
  .cfi_endproc
  .size adyton_spawn_child, .-adyton_spawn_child
  .section .note.GNU-stack, "", @progbits
