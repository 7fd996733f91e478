// SPDX-License-Identifier: Apache-2.0
// Whether a CCA token is a known platform's word about a realm (docs/evidence/cca.md).
#pragma once

#include <string_view>

#include "attest/evidence/cca_token.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

inline constexpr std::string_view kCcaPlatformSignature = "cca platform signature";  // by a given CPAK
inline constexpr std::string_view kCcaInstanceId = "cca instance id";                // whether it is the CPAK's hash
inline constexpr std::string_view kCcaLifecycle = "cca lifecycle";
inline constexpr std::string_view kCcaBinding = "cca binding";     // the platform token names the realm's key
inline constexpr std::string_view kCcaRealmKey = "cca realm key";  // its form
inline constexpr std::string_view kCcaRealmSignature = "cca realm signature";  // by that key
inline constexpr std::string_view kCcaCertificate = "cca certificate";         // virtCCA: one for the realm's key

// The platform's key (CPAK) is one of context.anchors.keys for AnchorUse::kArmCca: there is no root for these. A token
// of Huawei's virtCCA has no platform token, so nothing in it says whose the realm's key is: that is missing, always.
//
// Claims: platform "arm-cca" or "huawei-virtcca"; hardware_model the implementation ID; measurement the realm's initial
// measurement; report_data the realm's challenge; host_data its personalization value; boot_chain REM0 to REM3, then
// the platform's software components as "platform.TYPE"; debug when the platform's lifecycle is not secured.
Findings verify_cca_token(const CcaToken& token, const VerifyContext& context);

}  // namespace adyton
