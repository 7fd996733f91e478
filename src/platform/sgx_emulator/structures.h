// SPDX-License-Identifier: Apache-2.0
// SGX's data structures as the processor lays them out (Intel SDM volume 3D, chapter "Enclave Access Control and Data
// Structures"), and its numbers: what the emulator reads out of, and writes into, enclave memory. What enclaves
// themselves read and write is in image/sgx/sgx_operands.h.
#pragma once

#include <array>
#include <cstdint>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "image/elf_file.h"
#include "image/sgx/sgx_operands.h"
#include "image/sgx/sgx_plan.h"

namespace adyton::sgx {

inline constexpr std::uint64_t kMinEnclaveBytes = 2 * kPageBytes, kMaxEnclaveBytes = 1ull << 36;
inline constexpr std::uint32_t kMiscExinfo = 1;  // MISCSELECT: page and protection faults tell their address

enum class Leaf : std::uint64_t {
  kEreport = 0,
  kEgetkey = 1,
  kEenter = 2,
  kEresume = 3,
  kEexit = 4,
  kEaccept = 5,
  kEmodpe = 6,
  kEacceptcopy = 7,
};

enum class PageType : std::uint8_t { kSecs = 0, kTcs = 1, kRegular = 2, kTrim = 4 };

// SECINFO.FLAGS.
inline constexpr std::uint64_t kRead = 1 << 0, kWrite = 1 << 1, kExecute = 1 << 2, kPending = 1 << 3,
                               kModified = 1 << 4, kPermissionsRestricted = 1 << 5;
constexpr std::uint64_t secinfo_of(PageType type, std::uint64_t permissions) {
  return static_cast<std::uint64_t>(type) << 8 | permissions;
}

// SECINFO as enclaves give it to leaves: 64 bytes. Errors: invalid, where they raise #GP.
struct SecinfoOperand {
  static constexpr std::size_t kBytes = 64;
  PageType type = PageType::kRegular;
  std::uint64_t flags = 0;  // all of FLAGS, the type as well
  [[nodiscard]] bool writes_only() const { return (flags & (kRead | kWrite)) == kWrite; }
};
Result<SecinfoOperand> parse_secinfo(BytesView bytes);

// What of an enclave's control structure the processor puts into reports and keys.
struct Secs {
  std::uint64_t base = 0, size = 0;
  std::uint32_t ssa_frame_pages = 0, misc_select = 0;
  SgxAttributes attributes;
  SgxMeasurement mr_enclave{}, mr_signer{};
  std::array<std::byte, 64> config_id{};
  Id128 extended_product_id{}, family_id{};
  std::uint16_t product = 0, svn = 0, config_svn = 0;
};

// A thread control structure as EADD finds it in its page. Errors: invalid, as EADD raises #GP.
struct TcsFields {
  std::uint64_t flags = 0, ossa = 0, oentry = 0, ofs_base = 0, ogs_base = 0;
  std::uint32_t cssa = 0, nssa = 0, fs_limit = 0, gs_limit = 0;
};
Result<TcsFields> parse_tcs(BytesView page);

// GPRSGX: the last 184 bytes of a state save area frame.
struct GprSgx {
  std::uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15, rflags, rip, ursp, urbp;
  std::uint32_t exit_info;
  std::uint8_t reserved[3];
  std::uint8_t aex_notify;
  std::uint64_t fs_base, gs_base;
};
static_assert(sizeof(GprSgx) == 184);

// EXITINFO of GPRSGX: vector, type (3: by the processor, 6: by INT3), valid.
constexpr std::uint32_t exit_info(std::uint32_t vector, std::uint32_t type) { return vector | type << 8 | 1u << 31; }

// EXINFO, before GPRSGX where MISCSELECT has it.
struct ExInfo {
  std::uint64_t address;
  std::uint32_t error_code, reserved;
};
static_assert(sizeof(ExInfo) == 16);

}  // namespace adyton::sgx
