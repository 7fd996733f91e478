// SPDX-License-Identifier: Apache-2.0
// Reports of Azure's paravisor (HCL, "host compatibility layer"): a hardware report and the runtime data that it
// vouches for, with the attestation key of the virtual machine's TPM.
//
// Source: "Azure Confidential VMs: guest attestation design", attestation report format (Microsoft Learn), and the
// reports themselves. The report stands in the TPM's NV index 0x01400001.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/evidence/snp_report.h"
#include "crypto/hash.h"
#include "crypto/signature.h"

namespace adyton {

struct HclReport {
  static constexpr std::size_t kHeaderBytes = 32, kHardwareBytes = 1184, kTdReportBytes = 1024;
  static constexpr std::size_t kRuntimeHeaderBytes = 20;

  enum class Hardware : std::uint8_t { kSnp = 2, kTdx = 4 };

  Bytes bytes;                // exactly as given, with padding
  std::uint32_t version = 0;  // 04h: 1, or 2
  Hardware hardware = Hardware::kSnp;
  HashAlgorithm hash = HashAlgorithm::kSha256;  // of the runtime data, in the hardware report's data
  std::optional<SnpReport> snp;                 // kSnp
  Bytes td_report;           // kTdx: the TDREPORT_STRUCT; only the processor that made it can check its MAC
  std::string runtime_json;  // the exact bytes that are hashed

  // From the runtime data:
  std::optional<VerifyingKey> attestation_key;  // "HCLAkPub"
  std::optional<bool> secure_boot, tpm_enabled, console_enabled;
  std::string vm_id;  // "vmUniqueId"
  Bytes user_data;    // "user-data": what the guest put in; 64 bytes, or none

  // Where the hardware report has the hash: REPORT_DATA.
  [[nodiscard]] BytesView report_data() const;
};

// Zeros may follow (the NV index is larger than the report). Errors: invalid: a length that leads outside, another kind
// of hardware or hash, runtime data that is no JSON of the expected shape or names the attestation key twice.
Result<HclReport> parse_hcl_report(BytesView bytes);
bool looks_like_hcl_report(BytesView bytes);

}  // namespace adyton
