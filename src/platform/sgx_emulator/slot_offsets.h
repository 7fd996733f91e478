// SPDX-License-Identifier: Apache-2.0
// Where the assembly of switch.S finds what it needs of a ThreadSlot (thread_slot.h checks each), and the size of a
// slot. Plain defines, for both languages.
#pragma once

#define ADYTON_SGX_SLOT_BYTES 0x40000

#define ADYTON_SGX_SELECTOR 0
#define ADYTON_SGX_INSIDE 1
#define ADYTON_SGX_HOST_FS 8
#define ADYTON_SGX_HOST_GS 16
#define ADYTON_SGX_HOST_RSP 24
#define ADYTON_SGX_SCRATCH 32
#define ADYTON_SGX_AEP 40
#define ADYTON_SGX_BUSY 48
#define ADYTON_SGX_URSP 56
#define ADYTON_SGX_XFRM 64
#define ADYTON_SGX_ENDED 72
#define ADYTON_SGX_FAST_EXIT 80
#define ADYTON_SGX_HOST 88
#define ADYTON_SGX_GPR 96
#define ADYTON_SGX_XSTATE 320

// SgxHostState and, in it, SgxHostRegisters: the general registers are at 0.
#define ADYTON_SGX_HOST_FLAGS 128
#define ADYTON_SGX_HOST_EXTENDED 192
#define ADYTON_SGX_HOST_EXIT 12480
#define ADYTON_SGX_HOST_COMPONENTS 0x600e7

// GPRSGX.
#define ADYTON_SGX_RAX 0
#define ADYTON_SGX_RCX 8
#define ADYTON_SGX_RDX 16
#define ADYTON_SGX_RBX 24
#define ADYTON_SGX_RSP 32
#define ADYTON_SGX_RBP 40
#define ADYTON_SGX_RSI 48
#define ADYTON_SGX_RDI 56
#define ADYTON_SGX_R8 64
#define ADYTON_SGX_R9 72
#define ADYTON_SGX_R10 80
#define ADYTON_SGX_R11 88
#define ADYTON_SGX_R12 96
#define ADYTON_SGX_R13 104
#define ADYTON_SGX_R14 112
#define ADYTON_SGX_R15 120
#define ADYTON_SGX_RFLAGS 128
#define ADYTON_SGX_RIP 136
#define ADYTON_SGX_FSBASE 168
#define ADYTON_SGX_GSBASE 176
