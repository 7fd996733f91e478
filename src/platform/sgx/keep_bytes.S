// SPDX-License-Identifier: Apache-2.0
// SAFETY: read-only data between two labels; EMBEDDED is the path of the program (src/keep/CMakeLists.txt).
  .section .rodata
  .globl adyton_keep_begin, adyton_keep_end
  .balign 16
adyton_keep_begin:
  .incbin EMBEDDED
adyton_keep_end:
  .section .note.GNU-stack, "", @progbits
