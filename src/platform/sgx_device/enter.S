// SPDX-License-Identifier: Apache-2.0
// SAFETY: __vdso_sgx_enter_enclave() by its own calling convention (Linux UAPI, asm/sgx.h): it takes a leaf and an
// argument more than C's would, and lets the enclave leave values in registers. What a caller in C++ may rely on and the
// enclave may have changed is kept here: RBX, RBP, R12 to R15, the flags, MXCSR and the x87 control word.
//
// int adyton_sgx_device_enter(function, SgxRegisters* registers, uint32_t leaf, struct sgx_enclave_run* run)
  .text
  .globl adyton_sgx_device_enter
  .type adyton_sgx_device_enter, @function
adyton_sgx_device_enter:
  .cfi_startproc
  pushq %rbp
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %rbp, 0
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  pushq %rbx
  .cfi_rel_offset %rbx, -8
  pushq %r12
  .cfi_rel_offset %r12, -16
  pushq %r13
  .cfi_rel_offset %r13, -24
  pushq %r14
  .cfi_rel_offset %r14, -32
  pushq %r15
  .cfi_rel_offset %r15, -40
  pushfq
  subq $16, %rsp
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  pushq %rsi  // for after
  pushq %rcx  // the seventh argument: run. RSP is a multiple of 16 here
  movq %rdi, %rax
  movq %rsi, %r11
  movl %edx, %ecx
  movq 0(%r11), %rdi
  movq 8(%r11), %rsi
  movq 16(%r11), %rdx
  movq 24(%r11), %r8
  movq 32(%r11), %r9
  call *%rax
  addq $8, %rsp
  popq %r11
  movq %rdi, 0(%r11)
  movq %rsi, 8(%r11)
  movq %rdx, 16(%r11)
  movq %r8, 24(%r11)
  movq %r9, 32(%r11)
  fninit
  fldcw 4(%rsp)
  ldmxcsr (%rsp)
  addq $16, %rsp
  popfq
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  .cfi_def_cfa %rsp, 8
  ret
  .cfi_endproc
  .size adyton_sgx_device_enter, . - adyton_sgx_device_enter
  .section .note.GNU-stack, "", @progbits
