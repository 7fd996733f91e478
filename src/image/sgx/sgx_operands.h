// SPDX-License-Identifier: Apache-2.0
// The operands of EREPORT and EGETKEY as the processor lays them out (Intel SDM volume 3D, chapter "Enclave Access
// Control and Data Structures"), and what it answers: for the code inside that asks, and for what stands in for the
// processor. Plain data; nothing here executes anything.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "image/sgx/sgx_plan.h"

namespace adyton::sgx {

// What leaves answer in RAX (table "Error or Information Codes for Intel SGX Instructions").
enum class Code : std::uint64_t {
  kOk = 0,
  kInvalidSigStruct = 1,
  kInvalidAttribute = 2,
  kInvalidMeasurement = 4,
  kInvalidSignature = 8,
  kInvalidEinitToken = 16,
  kPageAttributesMismatch = 19,
  kPageNotModifiable = 20,
  kInvalidCpuSvn = 32,
  kInvalidIsvSvn = 64,
  kInvalidKeyName = 256,
};
std::string_view name_of(Code code);  // "SGX_INVALID_SIGNATURE"

using Id128 = std::array<std::byte, 16>;

// KEYREQUEST. Parsed out of its 512 bytes; errors: invalid, where EGETKEY raises #GP.
enum class KeyName : std::uint16_t { kEinitToken = 0, kProvision = 1, kProvisionSeal = 2, kReport = 3, kSeal = 4 };
struct KeyRequest {
  static constexpr std::size_t kBytes = 512;
  static constexpr std::uint16_t kMrEnclave = 1, kMrSigner = 2, kNoProduct = 4, kConfigId = 8, kFamilyId = 16,
                                 kExtendedProductId = 32, kKnownPolicies = 63;
  std::uint16_t name = 0, policy = 0, svn = 0, config_svn = 0;
  Id128 cpu_svn{};
  SgxAttributes attribute_mask;
  std::array<std::byte, 32> key_id{};
  std::uint32_t misc_mask = 0;
};
Result<KeyRequest> parse_key_request(BytesView bytes);
Bytes encode(const KeyRequest& request);

// TARGETINFO: for whom a report is. Parsed out of its 512 bytes; errors: invalid, where EREPORT raises #GP.
struct TargetInfo {
  static constexpr std::size_t kBytes = 512;
  SgxMeasurement measurement{};
  SgxAttributes attributes;
  std::uint32_t misc_select = 0;
  std::uint16_t config_svn = 0;
  std::array<std::byte, 64> config_id{};
};
Result<TargetInfo> parse_target_info(BytesView bytes);
Bytes encode(const TargetInfo& target);

// REPORT: 432 bytes, of which the first 384 are what the code at the end is of.
inline constexpr std::size_t kReportBytes = 432, kReportBodyBytes = 384, kReportDataBytes = 64, kReportKeyId = 384,
                             kReportMac = 416;

}  // namespace adyton::sgx
