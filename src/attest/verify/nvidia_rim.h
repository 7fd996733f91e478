// SPDX-License-Identifier: Apache-2.0
// Compares the measurements of an NVIDIA device with what NVIDIA says they should be.
#pragma once

#include <string_view>

#include "attest/evidence/nvidia_report.h"
#include "attest/evidence/nvidia_rim.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// Names of the checks, besides kNvidiaReference.
inline constexpr std::string_view kRimChain = "NVIDIA manifest certificates";  // up to NVIDIA's RIM root
inline constexpr std::string_view kRimSignature = "NVIDIA manifest signature";

// The manifest's own signature and certificates. Returns whether they hold, whatever the certificates' validity.
bool verify_nvidia_rim(const NvidiaRim& rim, const VerifyContext& context, Findings& findings);

// Takes the manifests among the collateral's documents whose version is that of the report's driver or VBIOS, verifies
// each as a part ("manifest VERSION"), and compares their active values with the report's measurements. Without any:
// noted, with the names under which NVIDIA has them.
void check_reference_values(const NvidiaReport& report, const VerifyContext& context, Findings& findings);

}  // namespace adyton
