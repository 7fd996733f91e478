// SPDX-License-Identifier: Apache-2.0
// SAFETY: read-only data between two labels; ADYTON_SGX_RUNNER is the path of the program (CMakeLists.txt beside this).
  .section .rodata
  .globl adyton_sgx_runner_begin, adyton_sgx_runner_end
  .balign 16
adyton_sgx_runner_begin:
  .incbin ADYTON_SGX_RUNNER
adyton_sgx_runner_end:
  .section .note.GNU-stack, "", @progbits
