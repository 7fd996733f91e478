// SPDX-License-Identifier: Apache-2.0
// Into an emulated enclave and out of it: what EENTER, ERESUME and EEXIT do to registers, where a thread lands after an
// asynchronous exit, and the first instructions of every signal handler.
// SAFETY: the host's FS and GS are in place whenever C++ runs, and no stack but the host's or a slot's is pushed to. A
// signal that arrives in the middle of any of this is handled with the host's bases and returns to where it was.
#include "platform/sgx_emulator/slot_offsets.h"

#define GPR(name) (ADYTON_SGX_GPR + ADYTON_SGX_##name)

.macro save_host slot
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  sub $8, %rsp
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  mov %rsp, ADYTON_SGX_HOST_RSP(\slot)
  rdgsbase %rax
  mov %rax, ADYTON_SGX_HOST_GS(\slot)
  mov ADYTON_SGX_URSP(\slot), %rax
  mov %rsp, (%rax)
  mov %rbp, 8(%rax)
  lea adyton_sgx_after_exception(%rip), %rax
  mov %rax, ADYTON_SGX_AEP(\slot)
.endm

.macro go_inside slot, first, second
  mov GPR(FSBASE)(\slot), \first
  mov GPR(GSBASE)(\slot), \second
  movb $1, ADYTON_SGX_INSIDE(\slot)
  movb $1, ADYTON_SGX_SELECTOR(\slot)
  wrfsbase \first
  wrgsbase \second
.endm

// Of the thread that runs, with the host's FS.
.macro this_slot to
  mov adyton_sgx_this_slot@gottpoff(%rip), \to
  mov %fs:(\to), \to
.endm

  .text
  .balign 64
  .globl adyton_sgx_switch_begin, adyton_sgx_switch_end
  .globl adyton_sgx_exempt_begin, adyton_sgx_exempt_end
  .globl adyton_sgx_enter, adyton_sgx_enter_wild, adyton_sgx_resume, adyton_sgx_after_exception, adyton_sgx_fast_exit
  .globl adyton_sgx_signal_entry, adyton_sgx_restorer
  .hidden adyton_sgx_switch_begin, adyton_sgx_switch_end, adyton_sgx_exempt_begin, adyton_sgx_exempt_end
  .hidden adyton_sgx_enter, adyton_sgx_enter_wild, adyton_sgx_resume, adyton_sgx_after_exception, adyton_sgx_fast_exit
  .hidden adyton_sgx_signal_entry, adyton_sgx_restorer
adyton_sgx_switch_begin:

// void adyton_sgx_enter(ThreadSlot* slot): EENTER with the registers of slot->gpr, until EEXIT or an exception.
adyton_sgx_enter:
  save_host %rdi
  mov %rdi, %r11
  go_inside %r11, %rax, %rcx
  mov GPR(RAX)(%r11), %rax
  mov GPR(RBX)(%r11), %rbx
  mov GPR(RDX)(%r11), %rdx
  mov GPR(RSI)(%r11), %rsi
  mov GPR(RDI)(%r11), %rdi
  mov GPR(R8)(%r11), %r8
  mov GPR(R9)(%r11), %r9
  lea after_eenter(%rip), %rcx
  jmp *GPR(RIP)(%r11)

// The same by a host that has slot->host's registers, and wants to see what is left in them.
adyton_sgx_enter_wild:
  save_host %rdi
  mov %rdi, %r11
  mov ADYTON_SGX_HOST(%r11), %r10
  mov ADYTON_SGX_URSP(%r11), %rax
  mov 32(%r10), %rcx
  mov %rcx, (%rax)
  mov 40(%r10), %rcx
  mov %rcx, 8(%rax)
  mov $ADYTON_SGX_HOST_COMPONENTS, %eax
  xor %edx, %edx
  xrstor64 ADYTON_SGX_HOST_EXTENDED(%r10)
  mov %ss, %eax
  push %rax
  push 32(%r10)
  push ADYTON_SGX_HOST_FLAGS(%r10)
  mov %cs, %eax
  push %rax
  push GPR(RIP)(%r11)
  go_inside %r11, %rax, %rcx
  mov GPR(RAX)(%r11), %rax
  mov GPR(RBX)(%r11), %rbx
  mov GPR(RDX)(%r11), %rdx
  mov GPR(RSI)(%r11), %rsi
  mov GPR(RDI)(%r11), %rdi
  mov GPR(R8)(%r11), %r8
  mov GPR(R9)(%r11), %r9
  lea after_eenter_wild(%rip), %rcx
  mov 40(%r10), %rbp
  mov 96(%r10), %r12
  mov 104(%r10), %r13
  mov 112(%r10), %r14
  mov 120(%r10), %r15
  mov 88(%r10), %r11
  mov 80(%r10), %r10
  iretq

// Only rcx is free here: EEXIT has overwritten it.
after_eenter_wild:
  this_slot %rcx
  mov ADYTON_SGX_HOST(%rcx), %rcx
  lea ADYTON_SGX_HOST_EXIT(%rcx), %rcx
  mov %rax, 0(%rcx)
  mov %rdx, 16(%rcx)
  mov %rbx, 24(%rcx)
  mov %rsp, 32(%rcx)
  mov %rbp, 40(%rcx)
  mov %rsi, 48(%rcx)
  mov %rdi, 56(%rcx)
  mov %r8, 64(%rcx)
  mov %r9, 72(%rcx)
  mov %r10, 80(%rcx)
  mov %r11, 88(%rcx)
  mov %r12, 96(%rcx)
  mov %r13, 104(%rcx)
  mov %r14, 112(%rcx)
  mov %r15, 120(%rcx)
  this_slot %r11
  mov ADYTON_SGX_HOST_RSP(%r11), %rsp
  pushfq
  popq ADYTON_SGX_HOST_FLAGS(%rcx)
  pushq $2
  popfq
  mov $ADYTON_SGX_HOST_COMPONENTS, %eax
  xor %edx, %edx
  xsave64 ADYTON_SGX_HOST_EXTENDED(%rcx)
  mov 16(%rcx), %rdx
  // on to after_eenter

// Where an enclave leaves to that returns to what follows EENTER.
after_eenter:
  this_slot %r11
  mov %rdi, GPR(RDI)(%r11)
  mov %rsi, GPR(RSI)(%r11)
  mov %rdx, GPR(RDX)(%r11)
  mov %r8, GPR(R8)(%r11)
  mov %r9, GPR(R9)(%r11)
  movq $0, ADYTON_SGX_ENDED(%r11)
  jmp back_on_host

// The asynchronous exit pointer: after an exception. The slot says which.
adyton_sgx_after_exception:
  this_slot %r11
  movq $1, ADYTON_SGX_ENDED(%r11)
back_on_host:
  mov ADYTON_SGX_HOST_RSP(%r11), %rsp
  pushq $2
  popfq
  fninit
  ldmxcsr (%rsp)
  fldcw 4(%rsp)
  add $8, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret

// void adyton_sgx_resume(ThreadSlot* slot): ERESUME of the state in slot->gpr and slot->xstate, both checked.
adyton_sgx_resume:
  save_host %rdi
  mov %rdi, %r11
  mov ADYTON_SGX_XFRM(%r11), %eax
  mov ADYTON_SGX_XFRM + 4(%r11), %edx
  xrstor64 ADYTON_SGX_XSTATE(%r11)
  xor %eax, %eax
  mov %ss, %eax
  push %rax
  push GPR(RSP)(%r11)
  push GPR(RFLAGS)(%r11)
  mov %cs, %eax
  push %rax
  push GPR(RIP)(%r11)
  go_inside %r11, %rax, %rcx
  mov GPR(RAX)(%r11), %rax
  mov GPR(RCX)(%r11), %rcx
  mov GPR(RDX)(%r11), %rdx
  mov GPR(RBX)(%r11), %rbx
  mov GPR(RBP)(%r11), %rbp
  mov GPR(RSI)(%r11), %rsi
  mov GPR(RDI)(%r11), %rdi
  mov GPR(R8)(%r11), %r8
  mov GPR(R9)(%r11), %r9
  mov GPR(R10)(%r11), %r10
  mov GPR(R12)(%r11), %r12
  mov GPR(R13)(%r11), %r13
  mov GPR(R14)(%r11), %r14
  mov GPR(R15)(%r11), %r15
  mov GPR(R11)(%r11), %r11
  iretq

// EEXIT from a redirected site: rcx the slot, rbx the target, all other registers the enclave's to give away.
adyton_sgx_fast_exit:
  mov %rax, ADYTON_SGX_SCRATCH(%rcx)
  mov ADYTON_SGX_HOST_FS(%rcx), %rax
  wrfsbase %rax
  mov ADYTON_SGX_HOST_GS(%rcx), %rax
  wrgsbase %rax
  movb $0, ADYTON_SGX_SELECTOR(%rcx)
  movb $0, ADYTON_SGX_INSIDE(%rcx)
  mov ADYTON_SGX_BUSY(%rcx), %rax
  movl $0, (%rax)
  mov ADYTON_SGX_SCRATCH(%rcx), %rax
  mov ADYTON_SGX_AEP(%rcx), %rcx
  jmp *%rbx

// Every signal handler that the emulator installs. A thread that has a slot runs on its stack here.
adyton_sgx_signal_entry:
  mov %rsp, %rax
  sub adyton_sgx_slots(%rip), %rax
  cmp adyton_sgx_slots_bytes(%rip), %rax
  jae no_slot
  push %rbx
  push %rbp
  mov %rsp, %rbp
  and $-ADYTON_SGX_SLOT_BYTES, %rax
  add adyton_sgx_slots(%rip), %rax
  mov %rax, %rbx
  sub $32, %rsp                     // struct Interrupted
  and $-16, %rsp
  mov %rbx, (%rsp)
  rdfsbase %rax
  mov %rax, 8(%rsp)
  rdgsbase %rax
  mov %rax, 16(%rsp)
  movzbl ADYTON_SGX_SELECTOR(%rbx), %eax
  mov %rax, 24(%rsp)
  movb $0, ADYTON_SGX_SELECTOR(%rbx)
  mov ADYTON_SGX_HOST_FS(%rbx), %rax
  wrfsbase %rax
  mov ADYTON_SGX_HOST_GS(%rbx), %rax
  wrgsbase %rax
  pushq $2
  popfq
  mov %rsp, %rcx
  call adyton_sgx_on_signal
  mov 8(%rsp), %rax
  wrfsbase %rax
  mov 16(%rsp), %rax
  wrgsbase %rax
  mov 24(%rsp), %rax
  mov %al, ADYTON_SGX_SELECTOR(%rbx)
  mov %rbp, %rsp
  pop %rbp
  pop %rbx
  ret
no_slot:
  xor %ecx, %ecx
  jmp adyton_sgx_on_signal

// The one system call that is let through while a thread is inside: the return from a signal handler.
adyton_sgx_exempt_begin:
adyton_sgx_restorer:
  mov $15, %eax
  syscall
  nop
adyton_sgx_exempt_end:
adyton_sgx_switch_end:

  .section .note.GNU-stack, "", @progbits
