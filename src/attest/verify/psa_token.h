// SPDX-License-Identifier: Apache-2.0
// Whether a PSA attestation token is a known device's word (docs/evidence/psa.md).
#pragma once

#include <string_view>

#include "attest/evidence/psa_token.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

inline constexpr std::string_view kPsaSignature = "psa signature";     // COSE_Sign1, by a given key
inline constexpr std::string_view kPsaCode = "psa code";               // COSE_Mac0, with the given secret
inline constexpr std::string_view kPsaInstanceId = "psa instance id";  // whether it is the key's hash
inline constexpr std::string_view kPsaLifecycle = "psa lifecycle";

// The attestation key (IAK) is one of context.anchors.keys for AnchorUse::kArmPsa, or, of a device that uses COSE_Mac0,
// the secret one of context.anchors.secrets for AnchorUse::kArmPsaSecret: there is no root for these.
//
// Claims: platform "psa"; hardware_model the certification reference, else the implementation ID; measurement and
// signer of the first software component; report_data the nonce; boot_chain all software components.
Findings verify_psa_token(const PsaToken& token, const VerifyContext& context);

}  // namespace adyton
