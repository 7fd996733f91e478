// SPDX-License-Identifier: Apache-2.0
// Offsets within KeepThread for the assembly; main_unsafe.cc asserts that they are what the compiler thinks.
#pragma once

#define KEEP_CONFIG_STACK_TOP 16
#define KEEP_CONFIG_SSA 32
#define KEEP_PHASE 48
#define KEEP_IN_EXCEPTION 56
#define KEEP_FRAME 64
#define KEEP_RAX (KEEP_FRAME + 0)
#define KEEP_RBX (KEEP_FRAME + 8)
#define KEEP_RCX (KEEP_FRAME + 16)
#define KEEP_RDX (KEEP_FRAME + 24)
#define KEEP_RSI (KEEP_FRAME + 32)
#define KEEP_RDI (KEEP_FRAME + 40)
#define KEEP_RBP (KEEP_FRAME + 48)
#define KEEP_RSP (KEEP_FRAME + 56)
#define KEEP_R8 (KEEP_FRAME + 64)
#define KEEP_R9 (KEEP_FRAME + 72)
#define KEEP_R10 (KEEP_FRAME + 80)
#define KEEP_R11 (KEEP_FRAME + 88)
#define KEEP_R12 (KEEP_FRAME + 96)
#define KEEP_R13 (KEEP_FRAME + 104)
#define KEEP_R14 (KEEP_FRAME + 112)
#define KEEP_R15 (KEEP_FRAME + 120)
#define KEEP_RIP (KEEP_FRAME + 128)
#define KEEP_FLAGS (KEEP_FRAME + 136)
#define KEEP_HOST_RETURN 208
#define KEEP_EXCEPTION_RETURN 216
#define KEEP_KEEP_RSP 224
#define KEEP_KEEP_RBP 232
#define KEEP_FS_BASE 240
#define KEEP_STACK_TOP 248
#define KEEP_EXCEPTION_STACK_TOP 256
#define KEEP_TRAP 264
#define KEEP_ATTENTION 288
#define KEEP_TRAP_CPUID 1
#define KEEP_TRAP_INTERRUPT 5

#define KEEP_IDLE 0
#define KEEP_RUNNING 1
#define KEEP_WAITING 2
#define KEEP_ENDED 3
#define KEEP_WANTED 4

// Below the keep kernel's stack a page that there is none of, and then that of exceptions.
#define KEEP_EXCEPTION_STACK_BYTES 8192
#define KEEP_STACK_BYTES 24576

// GPRSGX, the end of a state save area frame (SDM 3D, 35.9.2), and in it the outside stack.
#define KEEP_SSA_FRAME_BYTES 16384
#define KEEP_GPRSGX_BYTES 184
#define KEEP_GPRSGX_URSP 144
#define KEEP_GPRSGX_URBP 152

// Components of extended state that may hold the application's data: x87, SSE, AVX, AVX-512, AMX.
#define KEEP_XSTATE_LOW 0x600e7
#define KEEP_XSTATE_BYTES 11008
