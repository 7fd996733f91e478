// SPDX-License-Identifier: Apache-2.0
// SAFETY: read-only data between two labels; ADYTON_KEEP is the path of the program (src/keep/CMakeLists.txt).
  .section .rodata
  .globl adyton_keep_begin, adyton_keep_end
  .balign 16
adyton_keep_begin:
  .incbin ADYTON_KEEP
adyton_keep_end:
  .section .note.GNU-stack, "", @progbits
