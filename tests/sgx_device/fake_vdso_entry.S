// SPDX-License-Identifier: Apache-2.0
// __vdso_sgx_enter_enclave() for the double of the kernel, by the same calling convention: the leaf in ECX, the seventh
// argument on the stack, registers passed in and out. Comes back as an enclave may leave a thread: with R10 to R15 of its
// own, DF and AC set, and other control words.
// SAFETY: keeps the stack and RBP; adyton_fake_enclu() is C++ that gets pointers into this frame.
  .text
  .globl adyton_fake_vdso_enter
  .type adyton_fake_vdso_enter, @function
adyton_fake_vdso_enter:
  .cfi_startproc
  pushq %rbp
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %rbp, 0
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  pushq %rbx
  subq $40, %rsp  // SgxRegisters; RSP is a multiple of 16
  movq %rdi, 0(%rsp)
  movq %rsi, 8(%rsp)
  movq %rdx, 16(%rsp)
  movq %r8, 24(%rsp)
  movq %r9, 32(%rsp)
  movq %rsp, %rdi
  movl %ecx, %esi
  movq 16(%rbp), %rdx
  call adyton_fake_enclu
  movq 0(%rsp), %rdi
  movq 8(%rsp), %rsi
  movq 16(%rsp), %rdx
  movq 24(%rsp), %r8
  movq 32(%rsp), %r9
  movq $0x1f1f1f1f, %r10
  movq %r10, %r11
  movq %r10, %r12
  movq %r10, %r13
  movq %r10, %r14
  movq %r10, %r15
  movq $0x5f80, (%rsp)  // every exception masked, but rounding up
  ldmxcsr (%rsp)
  movq $0x0b7f, (%rsp)
  fldcw (%rsp)
  fld1
  addq $40, %rsp
  pushfq
  orq $0x40400, (%rsp)
  popfq
  popq %rbx
  leave
  .cfi_def_cfa %rsp, 8
  ret
  .cfi_endproc
  .size adyton_fake_vdso_enter, . - adyton_fake_vdso_enter
  .section .note.GNU-stack, "", @progbits
