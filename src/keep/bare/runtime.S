// SPDX-License-Identifier: Apache-2.0
// The four functions that compilers call by themselves.
// SAFETY: as the C standard defines them, no more; DF is clear wherever compiled code runs.
  .text
  .globl memcpy, memmove, memset, memcmp
  .hidden memcpy, memmove, memset, memcmp
memcpy:
  mov %rdi, %rax
  mov %rdx, %rcx
  rep movsb
  ret

memmove:
  mov %rdi, %rax
  mov %rdx, %rcx
  sub %rsi, %rdi        // the destination is behind the source and within it: from the end
  cmp %rdx, %rdi
  mov %rax, %rdi
  jb 1f
  rep movsb
  ret
1:
  lea -1(%rdi, %rdx), %rdi
  lea -1(%rsi, %rdx), %rsi
  std
  rep movsb
  cld
  ret

memset:
  mov %rdi, %r8
  mov %esi, %eax
  mov %rdx, %rcx
  rep stosb
  mov %r8, %rax
  ret

memcmp:
  xor %eax, %eax
  xor %ecx, %ecx
1:
  cmp %rdx, %rcx
  je 2f
  movzbl (%rdi, %rcx), %eax
  movzbl (%rsi, %rcx), %r8d
  inc %rcx
  sub %r8d, %eax
  jz 1b
2:
  ret
  .section .note.GNU-stack, "", @progbits
