// SPDX-License-Identifier: Apache-2.0
// SAFETY: read-only data between two labels; ADYTON_SUPERVISOR is the path of the program (CMakeLists.txt beside this).
  .section .rodata
  .globl adyton_supervisor_begin, adyton_supervisor_end
  .balign 16
adyton_supervisor_begin:
  .incbin ADYTON_SUPERVISOR
adyton_supervisor_end:
  .section .note.GNU-stack, "", @progbits
