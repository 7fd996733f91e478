// SPDX-License-Identifier: Apache-2.0
// Checks an EAT attestation result: who signed it, whether it holds now, and what it says of each attester.
#pragma once

#include <string_view>

#include "attest/evidence/ear.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// Names of the checks, besides those of verify/jwt.h.
inline constexpr std::string_view kEarStatus = "appraisal status";       // of each attester: what the verifier decided
inline constexpr std::string_view kEarSigned = "appraisal signature";    // of each attester: the whole's
inline constexpr std::string_view kEarConsistency = "appraisal vector";  // no better status than the vector allows

// The signer has to be among context.anchors.keys for AnchorUse::kAttestResult: nothing else makes a verifier trusted.
// What comes with the result
// ("jwk" and the like) and the collateral are not looked at.
// Each appraisal is a part, by its name, whose Claims::appraisal is its ear.status. A result that says no is as genuine
// as one that says yes: "affirming" is a passed kEarStatus check, the other statuses are noted, and the policy decides
// on them.
Findings verify_ear(const Ear& ear, const VerifyContext& context);

}  // namespace adyton
