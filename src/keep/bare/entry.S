// SPDX-License-Identifier: Apache-2.0
// Where TCS.OENTRY points, and every way out of the enclave. docs/keep.md says what is allowed when.
// SAFETY: until the stack is set nothing is pushed; only GS, which EENTER loaded from the TCS, is trusted to lead to
// this thread's page. Registers that come from the host are arguments of checks and nothing else.
#include "keep/bare/offsets.h"

#define LEAF_EEXIT 4
#define FLAG_AC 0x40000
#define FLAG_TF_BIT 8
#define FLAGS_PLAIN 0xad7   // CF, PF, AF, ZF, SF, OF, IF, and bit 1, which is always set
#define ENTRY_START 1
#define ENTRY_ANSWER 2
#define ENTRY_INTERRUPT 3
#define ENTRY_ANSWER_AND_LOOK 4
#define EXIT_REQUEST 1
#define EXIT_REFUSED 3
#define REFUSED_BUSY 1
#define REFUSED_NOT_WAITING 2
#define REFUSED_BAD_ENTRY 4
#define REFUSED_NESTED 8
#define REFUSED_ENDED 9

// DF, AC, TF, NT and all the others off. Needs a stack.
.macro clear_flags
  pushq $2
  popfq
.endm

// Every vector, x87 and control register as after reset: MXCSR 0x1f80, control word 0x37f. Clobbers rax and rdx.
.macro clear_extended_state
  mov $KEEP_XSTATE_LOW, %eax
  xor %edx, %edx
  xrstor64 initial_extended_state(%rip)
.endm

// The host's stack, as the processor saved it at the last EENTER or ERESUME to this level. Clobbers rax.
.macro host_stack level
  lea keep_base(%rip), %rax
  add %gs:KEEP_CONFIG_SSA, %rax
  mov (\level + 1) * KEEP_SSA_FRAME_BYTES - KEEP_GPRSGX_BYTES + KEEP_GPRSGX_URSP(%rax), %rsp
  mov (\level + 1) * KEEP_SSA_FRAME_BYTES - KEEP_GPRSGX_BYTES + KEEP_GPRSGX_URBP(%rax), %rbp
.endm

// EEXIT to rbx. What the host sees: rdi, rsi, rdx, r8, r9 as they are, its own stack, else nothing.
.macro leave
  xor %ecx, %ecx
  xor %r10d, %r10d
  xor %r11d, %r11d
  xor %r12d, %r12d
  xor %r13d, %r13d
  xor %r14d, %r14d
  xor %r15d, %r15d
  mov $LEAF_EEXIT, %eax
  enclu
  ud2
.endm

  .section .text.entry, "ax", @progbits
  .globl keep_entry, keep_ask, keep_leave, keep_go_on, keep_gone, keep_syscall, keep_cpuid, keep_trap
  .hidden keep_entry, keep_ask, keep_leave, keep_go_on, keep_gone, keep_syscall, keep_cpuid, keep_trap
keep_entry:
  cld
  lfence
  test %rax, %rax
  jnz exception_entry
  mov %gs:KEEP_PHASE, %r10
  cmp $KEEP_WAITING, %r10
  je enter_waiting
  cmp $KEEP_WANTED, %r10
  je enter_idle
  cmp $KEEP_IDLE, %r10
  je enter_idle
  mov $REFUSED_BUSY, %esi
  mov $REFUSED_ENDED, %r11d
  cmp $KEEP_ENDED, %r10
  cmove %r11d, %esi
// Nothing but the reason in rsi is the enclave's; all else is still the host's own.
refuse:
  mov $EXIT_REFUSED, %edi
  mov %rcx, %rbx
  leave

// A start: of the first thread or one that clone() wants; keep_start() tells.
enter_idle:
  lfence
  cmp $ENTRY_START, %rdi
  je start
  mov $REFUSED_BAD_ENTRY, %esi
  mov $REFUSED_NOT_WAITING, %r11d
  cmp $ENTRY_ANSWER, %rdi
  cmove %r11d, %esi
  cmp $ENTRY_ANSWER_AND_LOOK, %rdi
  cmove %r11d, %esi
  jmp refuse
start:
  mov %rcx, %gs:KEEP_HOST_RETURN
  lea keep_base(%rip), %r10
  mov %gs:KEEP_CONFIG_STACK_TOP, %rsp
  add %r10, %rsp
  clear_flags
  mov %rsi, %rdi        // the HostPage
  mov %rdx, %rsi        // bytes of arguments
  clear_extended_state
  mov %r8, %rdx         // argv
  mov %r9, %rcx         // environment
  xor %ebp, %ebp
  call keep_start       // ends in keep_go_on or keep_leave
  ud2

// The answer to keep_ask().
enter_waiting:
  lfence
  mov %rsi, %r11
  cmp $ENTRY_ANSWER, %rdi
  je 1f
  mov $REFUSED_NOT_WAITING, %esi
  cmp $ENTRY_ANSWER_AND_LOOK, %rdi
  jne refuse
  movq $1, %gs:KEEP_ATTENTION
1:
  mov %rcx, %gs:KEEP_HOST_RETURN
  mov %gs:KEEP_KEEP_RSP, %rsp
  mov %gs:KEEP_KEEP_RBP, %rbp
  clear_flags
  mov %rdx, %r10
  mov $KEEP_XSTATE_LOW, %eax
  xor %edx, %edx
  xrstor64 (%rsp)       // the application's own extended state
  mov %gs:KEEP_FS_BASE, %rax
  wrfsbase %rax
  mov -48(%rbp), %rdi   // struct RawAnswer
  mov %r11, (%rdi)
  mov %r10, 8(%rdi)
  mov %r8, 16(%rdi)
  mov %r9, 24(%rdi)
  movq $KEEP_RUNNING, %gs:KEEP_PHASE
  lea -40(%rbp), %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret

// void keep_ask(RawAnswer*, request, a, b, c)
keep_ask:
  push %rbp
  mov %rsp, %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  push %rdi
  mov %rdx, %r10
  mov %r8, %r9          // c
  mov %rcx, %r8         // b
  sub $KEEP_XSTATE_BYTES, %rsp
  and $-64, %rsp
  xor %eax, %eax
  mov %rax, 512(%rsp)   // the header of the XSAVE area
  mov %rax, 520(%rsp)
  mov %rax, 528(%rsp)
  mov %rax, 536(%rsp)
  mov %rax, 544(%rsp)
  mov %rax, 552(%rsp)
  mov %rax, 560(%rsp)
  mov %rax, 568(%rsp)
  mov $KEEP_XSTATE_LOW, %eax
  xor %edx, %edx
  xsave64 (%rsp)
  rdfsbase %rax
  mov %rax, %gs:KEEP_FS_BASE
  mov %rsp, %gs:KEEP_KEEP_RSP
  mov %rbp, %gs:KEEP_KEEP_RBP
  mov $EXIT_REQUEST, %edi
  clear_extended_state
  mov %r10, %rdx
  movq $KEEP_WAITING, %gs:KEEP_PHASE
  jmp out_of_running

// [[noreturn]] void keep_leave(KeepExit, a, b): the caller has set the phase.
keep_leave:
  mov %rdx, %r10
  clear_extended_state
  mov %r10, %rdx
  xor %r8d, %r8d
  xor %r9d, %r9d
out_of_running:
  host_stack 0
  mov %gs:KEEP_HOST_RETURN, %rbx
  leave

// On the way out with a request, or back with its answer: it looks before the application goes on.
refuse_interruption:
  cmp $ENTRY_INTERRUPT, %rdi
  jne refuse
  movq $1, %gs:KEEP_ATTENTION
  jmp refuse

// CSSA above 0. The handler runs on a stack of its own, changes the saved state, and leaves.
exception_entry:
  mov $REFUSED_NESTED, %esi
  cmp $1, %rax
  jne refuse
  mov $REFUSED_BUSY, %esi
  cmpq $KEEP_RUNNING, %gs:KEEP_PHASE
  jne refuse_interruption
  cmpq $0, %gs:KEEP_IN_EXCEPTION
  jne refuse
  lfence
  movq $1, %gs:KEEP_IN_EXCEPTION
  mov %rcx, %gs:KEEP_EXCEPTION_RETURN
  mov %gs:KEEP_EXCEPTION_STACK_TOP, %rsp
  clear_flags
  clear_extended_state
  mov %rdi, %rsi        // what the host says it is
  lea keep_base(%rip), %rdi
  add %gs:KEEP_CONFIG_SSA, %rdi
  add $KEEP_SSA_FRAME_BYTES - KEEP_GPRSGX_BYTES, %rdi
  mov %r8, %rdx         // the host's word for the address of a page fault
  xor %ebp, %ebp
  call keep_exception   // rax: KeepExit, rdx: its value
  mov %rax, %rdi
  mov %rdx, %rsi
  xor %edx, %edx
  xor %r8d, %r8d
  xor %r9d, %r9d
  host_stack 1
  mov %gs:KEEP_EXCEPTION_RETURN, %rbx
  movq $0, %gs:KEEP_IN_EXCEPTION
  leave

// Out of the application without a trap, with its flags in `flags`: to the keep kernel's stack, and the registers into
// the frame, which `next` has where to go on of. Uses none of the application's stack.
.macro save_application flags, flags_low, next
  mov %rsp, %gs:KEEP_RSP
  mov %gs:KEEP_STACK_TOP, %rsp
  pushfq
  pop \flags
  btr $FLAG_TF_BIT, \flags_low   // that of a debugger that steps through here
  mov \flags, %gs:KEEP_FLAGS
  cld
  test $FLAG_AC, \flags_low
  jz 1f
  clear_flags
1:
  mov %rax, %gs:KEEP_RAX
  mov %rbx, %gs:KEEP_RBX
  mov %rcx, %gs:KEEP_RCX
  mov %rdx, %gs:KEEP_RDX
  mov %rsi, %gs:KEEP_RSI
  mov %rdi, %gs:KEEP_RDI
  mov %rbp, %gs:KEEP_RBP
  mov %r8, %gs:KEEP_R8
  mov %r9, %gs:KEEP_R9
  mov %r10, %gs:KEEP_R10
  mov %r11, %gs:KEEP_R11
  mov %r12, %gs:KEEP_R12
  mov %r13, %gs:KEEP_R13
  mov %r14, %gs:KEEP_R14
  mov %r15, %gs:KEEP_R15
  mov \next, %gs:KEEP_RIP
  xor %ebp, %ebp
.endm

// What a `syscall` instruction of the application becomes: rcx is where it goes on; r11 is the flags, as after the
// instruction.
keep_syscall:
  save_application %r11, %r11d, %rcx
  call keep_answer_syscall
  jmp keep_go_on

// What a `cpuid` becomes: rdx is where it goes on. The instruction sets rbx and rdx, and reads neither.
keep_cpuid:
  save_application %rbx, %ebx, %rdx
  movq $KEEP_TRAP_CPUID, %gs:KEEP_TRAP
  call keep_trapped
  jmp keep_go_on

// Where the exception handler sends the application for everything but a system call: it has filled the frame.
keep_trap:
  mov %gs:KEEP_STACK_TOP, %rsp
  clear_flags
  xor %ebp, %ebp
  call keep_trapped

// Back to the application, as its frame says. Whoever is interrupted between here and keep_gone has a complete frame and
// nothing else, and so can begin again with keep_trap. popfq is slow: where there are none but the flags of arithmetic,
// these are made as they were.
keep_go_on:
  cmpq $0, %gs:KEEP_ATTENTION
  jne attend
  mov %gs:KEEP_FLAGS, %rax
  test $~FLAGS_PLAIN, %eax
  jnz 2f
  mov %eax, %ecx
  mov %al, %ah
  shr $11, %ecx
  and $1, %ecx
  add $0x7f, %cl          // OF
  sahf                    // SF, ZF, AF, PF, CF
1:
  mov %gs:KEEP_RAX, %rax
  mov %gs:KEEP_RBX, %rbx
  mov %gs:KEEP_RCX, %rcx
  mov %gs:KEEP_RDX, %rdx
  mov %gs:KEEP_RSI, %rsi
  mov %gs:KEEP_RDI, %rdi
  mov %gs:KEEP_RBP, %rbp
  mov %gs:KEEP_R8, %r8
  mov %gs:KEEP_R9, %r9
  mov %gs:KEEP_R10, %r10
  mov %gs:KEEP_R11, %r11
  mov %gs:KEEP_R12, %r12
  mov %gs:KEEP_R13, %r13
  mov %gs:KEEP_R14, %r14
  mov %gs:KEEP_R15, %r15
  mov %gs:KEEP_RSP, %rsp
  jmp *%gs:KEEP_RIP
2:
  push %rax
  popfq
  jmp 1b
keep_gone:
  ud2

attend:
  movq $KEEP_TRAP_INTERRUPT, %gs:KEEP_TRAP
  jmp keep_trap

  .section .rodata
  .balign 64
initial_extended_state:   // XSTATE_BV 0: every component as after reset. MXCSR is taken from here all the same
  .short 0x37f
  .zero 22
  .long 0x1f80, 0xffff
  .zero 576 - 32

  .section .note.GNU-stack, "", @progbits
