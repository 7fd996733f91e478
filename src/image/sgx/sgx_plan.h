// SPDX-License-Identifier: Apache-2.0
// The launch plan for SGX: every page of the enclave in the order in which it is added. What is measured and what a
// device loads are two folds over this one value. Pure: no I/O, no clock. Names as in Intel's SDM, volume 3D,
// chapter 34.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/identity.h>
#include <adyton/result.h>
#include "image/image.h"
#include "image/sgx/call_sites.h"
#include "image/sgx/keep_config.h"

namespace adyton {

enum class SgxPageType : std::uint8_t { kTcs = 1, kRegular = 2 };  // SECINFO.FLAGS.PAGE_TYPE

// A run of pages that are alike, added one by one, ascending.
struct SgxPages {
  std::uint64_t offset = 0;  // from the enclave's base; a multiple of 4096
  std::uint64_t count = 0;
  SgxPageType type = SgxPageType::kRegular;
  bool readable = false, writable = false, executable = false;  // of a TCS all false, as EADD wants it
  bool extended = false;                                        // EEXTEND measures the content
  BytesView content;  // count * 4096 bytes, or none: zeros. Points into the plan's own `storage`
};

// SECINFO.FLAGS of these pages: R, W, X in bits 0 to 2, the type in bits 8 to 15.
std::uint64_t secinfo_flags(const SgxPages& pages);

// SECS.ATTRIBUTES and what goes with them.
struct SgxAttributes {
  static constexpr std::uint64_t kInit = 1 << 0, kDebug = 1 << 1, kMode64 = 1 << 2, kProvisionKey = 1 << 4,
                                 kEinitTokenKey = 1 << 5, kKss = 1 << 7, kAexNotify = 1 << 10;
  std::uint64_t flags = kMode64;
  std::uint64_t xfrm = 3;  // x87 and SSE; more only as the manifest says
  bool operator==(const SgxAttributes&) const = default;
};

// Words for a processor that lacks the components `missing` of XFRM `wanted`: by the manifest's names, and what to do.
std::string lacking_features(std::uint64_t missing, std::uint64_t wanted);

// Moves, but is never copied: the pages point into `storage`.
struct SgxPlan {
  SgxPlan() = default;
  SgxPlan(SgxPlan&&) = default;
  SgxPlan& operator=(SgxPlan&&) = default;

  std::uint64_t size = 0;  // of the enclave's address range: a power of two
  std::uint32_t ssa_frame_pages = kSsaFramePages;
  std::uint32_t misc_select = 0;
  SgxAttributes attributes;
  std::uint16_t product = 0, svn = 0;
  std::array<std::byte, 16> family_id{}, extended_product_id{};  // KSS
  std::vector<SgxPages> pages;                                   // in the order of EADD
  std::vector<std::uint64_t> tcs_offsets;                        // ascending
  CallSites calls;                                               // of the application, from its load base
  std::uint64_t app_offset = 0;                                  // KeepConfig's: where the image's addresses begin
  std::vector<Bytes> storage;
};

inline constexpr std::uint64_t kMaxSgxBytes = 1ull << 36;  // of an enclave's address range, on every processor so far

// The plan of this image over this keep kernel: the bytes of a relocation-free ELF whose entry is every TCS's OENTRY
// (docs/formats/sgx.md). Errors: invalid, for a keep kernel that is none, an image that wants more than fits.
Result<SgxPlan> make_sgx_plan(const Image& image, BytesView keep);

// MRENCLAVE: the plan folded as ECREATE, EADD and EEXTEND record it.
using SgxMeasurement = std::array<std::byte, 32>;
SgxMeasurement measure_sgx_plan(const SgxPlan& plan);

}  // namespace adyton
