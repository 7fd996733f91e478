// SPDX-License-Identifier: Apache-2.0
// Copied below each emulated enclave: where its redirected ENCLU instructions go for EEXIT. Only rcx, which EEXIT
// overwrites, is there to work with: GS, which the keep kernel leaves as the TCS set it, leads to the thread's slot.
// SAFETY: reads a table of the enclave's pages within its bounds; a page without a slot takes the way of the trap.
#include "platform/sgx_emulator/slot_offsets.h"

  .section .rodata
  .balign 16
  .globl adyton_sgx_redirect_begin, adyton_sgx_redirect_end
  .hidden adyton_sgx_redirect_begin, adyton_sgx_redirect_end
adyton_sgx_redirect_begin:
enclave_base:
  .quad 0
enclave_bytes:
  .quad 0
slot_of_page:
  .quad 0
  .quad 0
exit:
  rdgsbase %rcx
  sub enclave_base(%rip), %rcx
  cmp enclave_bytes(%rip), %rcx
  jae trap
  shr $12, %rcx
  shl $3, %rcx
  add slot_of_page(%rip), %rcx
  mov (%rcx), %rcx
  jrcxz trap
  jmp *ADYTON_SGX_FAST_EXIT(%rcx)
trap:
  enclu
  ud2
adyton_sgx_redirect_end:

  .section .note.GNU-stack, "", @progbits
