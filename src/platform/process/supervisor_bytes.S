// SPDX-License-Identifier: Apache-2.0
// SAFETY: read-only data between two labels; EMBEDDED is the path of the program (adyton_embed()).
  .section .rodata
  .globl adyton_supervisor_begin, adyton_supervisor_end
  .balign 16
adyton_supervisor_begin:
  .incbin EMBEDDED
adyton_supervisor_end:
  .section .note.GNU-stack, "", @progbits
