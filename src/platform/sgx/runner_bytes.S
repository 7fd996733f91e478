// SPDX-License-Identifier: Apache-2.0
// SAFETY: read-only data between two labels; EMBEDDED is the path of the program (adyton_embed()).
  .section .rodata
  .globl adyton_sgx_runner_begin, adyton_sgx_runner_end
  .balign 16
adyton_sgx_runner_begin:
  .incbin EMBEDDED
adyton_sgx_runner_end:
  .section .note.GNU-stack, "", @progbits
