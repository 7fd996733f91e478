// SPDX-License-Identifier: Apache-2.0
#include "image/sgx/thread_area.h"

#include "base/cursor.h"
#include "image/elf_file.h"

namespace adyton {
namespace {

constexpr std::uint64_t kExceptionStackPage = 1;                                      // after a guard page
constexpr std::uint64_t kStackPage = kExceptionStackPage + kExceptionStackPages + 1;  // likewise
constexpr std::uint64_t kSelfPage = kStackPage + kKeepStackPages + 1;                 // likewise
constexpr std::uint64_t kTcsPage = kSelfPage + 1;
constexpr std::uint64_t kSsaPage = kTcsPage + 1;
constexpr std::uint64_t kPages = kSsaPage + std::uint64_t{kSsaFrames} * kSsaFramePages + 1;  // a guard page at the end

// SDM 3D, "Thread Control Structure (TCS)". FLAGS, CSSA and AEP are 0, as EADD makes them.
Bytes make_tcs(const KeepThread& thread, std::uint64_t entry) {
  constexpr std::uint32_t kWholeLimit = 0xffffffff;  // matters in 32-bit mode only
  Bytes out(72);
  store_le<std::uint64_t>(out, 16, thread.ssa_offset);   // OSSA
  store_le<std::uint32_t>(out, 28, kSsaFrames);          // NSSA
  store_le<std::uint64_t>(out, 32, entry);               // OENTRY
  store_le<std::uint64_t>(out, 48, thread.self_offset);  // OFSBASE
  store_le<std::uint64_t>(out, 56, thread.self_offset);  // OGSBASE
  store_le<std::uint32_t>(out, 64, kWholeLimit);         // FSLIMIT
  store_le<std::uint32_t>(out, 68, kWholeLimit);         // GSLIMIT
  return out;
}

}  // namespace

std::uint64_t thread_area_bytes() { return kPages * kPageBytes; }

ThreadArea make_thread_area(const KeepConfig& config, std::uint64_t index, std::uint64_t entry) {
  const std::uint64_t start = config.threads_offset + index * config.thread_stride;
  ThreadArea out{.exception_stack_offset = start + kExceptionStackPage * kPageBytes,
                 .stack_offset = start + kStackPage * kPageBytes,
                 .self = {},
                 .tcs = {}};
  out.self.config_offset = config.keep_bytes;
  out.self.self_offset = start + kSelfPage * kPageBytes;
  out.self.stack_top = out.stack_offset + kKeepStackPages * kPageBytes;
  out.self.tcs_offset = start + kTcsPage * kPageBytes;
  out.self.ssa_offset = start + kSsaPage * kPageBytes;
  out.self.index = index;
  out.tcs = make_tcs(out.self, entry);
  return out;
}

}  // namespace adyton
