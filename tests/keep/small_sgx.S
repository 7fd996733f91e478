// SPDX-License-Identifier: Apache-2.0
// SAFETY: the host's ENCLU with what the vDSO's function does around it, and a signal return that may be exempted from
// system call dispatch (the nop: the range is compared with the address behind the instruction).
  .text
  .globl small_sgx_enter, small_sgx_exited, small_sgx_interrupted, small_sgx_restorer, small_sgx_restorer_end
// int small_sgx_enter(SgxRegisters*, tcs, leaf): 0 after EEXIT, 1 after an exception.
small_sgx_enter:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  push %rdi
  mov %rsi, %rbx
  mov %edx, %eax
  mov %rdi, %r10
  mov 8(%r10), %rsi
  mov 16(%r10), %rdx
  mov 24(%r10), %r8
  mov 32(%r10), %r9
  mov (%r10), %rdi
  lea small_sgx_interrupted(%rip), %rcx
  enclu
small_sgx_exited:
  pop %r10
  mov %rdi, (%r10)
  mov %rsi, 8(%r10)
  mov %rdx, 16(%r10)
  mov %r8, 24(%r10)
  mov %r9, 32(%r10)
  xor %eax, %eax
  jmp 1f
small_sgx_interrupted:
  pop %r10
  mov $1, %eax
1:
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret

small_sgx_restorer:
  mov $15, %eax
  syscall
  nop
small_sgx_restorer_end:
  ud2
  .section .note.GNU-stack, "", @progbits
