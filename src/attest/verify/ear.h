// SPDX-License-Identifier: Apache-2.0
// Checks an EAT attestation result: who signed it, whether it holds now, and what it says of each attester.
#pragma once

#include <string_view>

#include "attest/evidence/ear.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// Names of the checks, besides those of verify/jwt.h.
inline constexpr std::string_view kEarStatus = "appraisal status";       // of each attester, and that there is one
inline constexpr std::string_view kEarConsistency = "appraisal vector";  // no better status than the vector allows

// The signer has to be among context.anchors.keys: nothing else makes a verifier trusted. What comes with the result
// ("jwk" and the like) and the collateral are not looked at.
// Each appraisal is a part, by its name. "affirming" is a passed kEarStatus check, "warning" a noted one, "none" a
// missing one (the verifier could not tell), "contraindicated" a failed one: a relying party that wants to accept less
// than affirming has to say so about these checks.
Findings verify_ear(const Ear& ear, const VerifyContext& context);

}  // namespace adyton
