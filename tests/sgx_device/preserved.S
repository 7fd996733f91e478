// SPDX-License-Identifier: Apache-2.0
// Calls adyton_sgx_device_enter() with values in every register that it has to keep.
// int adyton_check_preserved(function, registers, leaf, run): a bit for each that was not kept: RBX, RBP, R12 to R15,
// direction and alignment flags; bit 31 if entering failed.
// SAFETY: keeps what its own caller may rely on, by pushing it before.
  .text
  .globl adyton_check_preserved
  .type adyton_check_preserved, @function
adyton_check_preserved:
  pushq %rbx
  pushq %rbp
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  movq $0x1b1b, %rbx
  movq $0x1b1c, %rbp
  movq $0x1b12, %r12
  movq $0x1b13, %r13
  movq $0x1b14, %r14
  movq $0x1b15, %r15
  call adyton_sgx_device_enter
  andl $0x80000000, %eax
.macro compare register, value, bit
  cmpq $\value, \register
  je 1f
  orl $\bit, %eax
1:
.endm
  compare %rbx, 0x1b1b, 1
  compare %rbp, 0x1b1c, 2
  compare %r12, 0x1b12, 4
  compare %r13, 0x1b13, 8
  compare %r14, 0x1b14, 16
  compare %r15, 0x1b15, 32
  pushfq
  popq %rdx
  testl $0x400, %edx
  jz 1f
  orl $64, %eax
1:
  testl $0x40000, %edx
  jz 1f
  orl $128, %eax
1:
  andq $~0x40400, %rdx
  pushq %rdx
  popfq
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbp
  popq %rbx
  ret
  .size adyton_check_preserved, . - adyton_check_preserved
  .section .note.GNU-stack, "", @progbits
