// SPDX-License-Identifier: Apache-2.0
// Development evidence in the vocabulary of all evidence (docs/formats/development-evidence.md).
#pragma once

#include "attest/development.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// One check, "development root": the root that signed must be one of context.anchors.keys for AnchorUse::kDevelopment.
// Claims: platform "adyton-development", hardware_model the back-end's name, measurement the image's digest.
Findings verify_development(const DevelopmentEvidence& evidence, const VerifyContext& context);

}  // namespace adyton
