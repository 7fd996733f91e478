// SPDX-License-Identifier: Apache-2.0
// What an SGX enclave's measured pages tell the keep kernel: the one header that the plan's maker and the keep kernel,
// which is freestanding, share. Plain data, little-endian, every offset from the enclave's base.
#pragma once

#include <cstddef>
#include <cstdint>

namespace adyton {

// One page of its own, read-only, content measured.
struct KeepConfig {
  static constexpr std::uint64_t kMagic = 0x31707065656b6461;  // "adkeepp1"
  std::uint64_t magic;
  std::uint64_t enclave_bytes;  // SECS.SIZE, a power of two
  std::uint64_t keep_bytes;     // the keep kernel's own pages lie at [0, keep_bytes)
  std::uint64_t app_offset;     // the application's load base
  std::uint64_t app_bytes;
  std::uint64_t app_entry;    // e_entry, from app_offset
  std::uint64_t app_headers;  // program headers, from app_offset
  std::uint64_t app_header_count;
  std::uint64_t heap_offset, heap_bytes;        // pages added without EEXTEND: wiped before use
  std::uint64_t threads_offset, thread_stride;  // the first thread's area, and from each to the next
  std::uint64_t thread_count;                   // thread control structures
  std::uint64_t stack_bytes;                    // of each application thread, the manifest's
  std::uint64_t stacks_offset, stack_stride;    // one for each thread; of each stride the last `stack_bytes` have pages
  std::uint64_t manifest_offset, manifest_bytes;  // the manifest's exact CBOR, in read-only measured pages
  std::uint64_t debug;                            // 1: the manifest says debug
  std::uint8_t image_digest[48];                  // Identity::image, which MRENCLAVE therefore covers
  std::uint64_t xfrm;                             // SECS.ATTRIBUTES.XFRM: the extended state that may be used
};
static_assert(sizeof(KeepConfig) == 20 * 8 + 48);

// The auxiliary vector's entry that leads an application to the KeepConfig beneath it. There is none on Linux, so who
// finds one is in an SGX enclave, whatever its host says.
inline constexpr std::uint64_t kAuxiliaryKeepConfig = 0x4144594b;  // "KYDA"

// A flag of rt_sigaction(2) that Linux does not know and ignores. In a debug image's enclave, whose host says of page
// faults that the processor does not report (no EXINFO), handlers with it are run all the same: those that only tell of
// the crash. Others are not, as a production image's would not be either.
inline constexpr int kCrashReport = 0x00100000;

// A thread's area: guard page, exception handler's stack, guard page, keep kernel's stack, guard page, this page, its
// TCS, its state save area frames, guard page. The TCS's OFSBASE and OGSBASE are this page's offset. Readable and
// writable, content measured.
struct KeepThread {
  std::uint64_t config_offset;  // of the KeepConfig
  std::uint64_t self_offset;    // of this page
  std::uint64_t stack_top;      // offset of the end of the keep kernel's stack
  std::uint64_t tcs_offset;
  std::uint64_t ssa_offset;         // of the first frame
  std::uint64_t index;              // 0 to thread_count - 1
  std::uint8_t keep[4096 - 6 * 8];  // zero: the keep kernel's own
};
static_assert(sizeof(KeepThread) == 4096);

// What an arena of malloc reserves at least; all that sgx.malloc_arenas wants, a quarter of the heap at most.
inline constexpr std::uint64_t kLeastArenaBytes = 1 << 20;
inline constexpr std::uint64_t kStackGuardPages = 16;  // below each of the application's stacks
inline constexpr std::uint64_t kKeepStackPages = 6;
inline constexpr std::uint64_t kExceptionStackPages = 2;  // ends one page below the keep kernel's stack
inline constexpr std::uint32_t kSsaFrames = 3;      // of each thread: an exception, and one while that is looked at
inline constexpr std::uint32_t kSsaFramePages = 4;  // each; the XSAVE area up to AVX-512 and AMX's configuration fits

}  // namespace adyton
