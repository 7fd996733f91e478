// SPDX-License-Identifier: Apache-2.0
// Checks what NVIDIA's GPUs and switches say about themselves.
#pragma once

#include <string_view>

#include "attest/evidence/nvidia_report.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// Names of the checks.
inline constexpr std::string_view kNvidiaChain = "NVIDIA certificates";          // up to the NVIDIA Device Identity CA
inline constexpr std::string_view kNvidiaSignature = "NVIDIA report signature";  // of the report, by the device's key
inline constexpr std::string_view kNvidiaFirmware = "NVIDIA firmware identity";  // FWID of report and certificate
inline constexpr std::string_view kNvidiaDevice = "NVIDIA device identity";      // the key below it, as certified
inline constexpr std::string_view kNvidiaNonce = "NVIDIA nonce";                 // of report and what stands beside it
inline constexpr std::string_view kNvidiaVersions = "NVIDIA versions";           // likewise, of driver and VBIOS
inline constexpr std::string_view kNvidiaReference = "NVIDIA reference values";  // verify/nvidia_rim.h
inline constexpr std::string_view kNvidiaRevocation = "NVIDIA revocation";       // what was not asked

// One device: the findings are its own. Several: each is a part ("device 0"), and claims has what they share.
// Certificates come with the evidence or are among the collateral; reference manifests are documents of the collateral.
// Claims: measurement is the FWID, report_data the requester's nonce, boot_chain the measurements that are not zero,
// under the numbers of the report ("measurement 10").
Findings verify_nvidia_evidence(const NvidiaEvidence& evidence, const VerifyContext& context);

}  // namespace adyton
