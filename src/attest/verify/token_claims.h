// SPDX-License-Identifier: Apache-2.0
// What the tokens of attestation services say, in the words that all kinds of evidence share.
#pragma once

#include <string_view>

#include "attest/evidence/token.h"
#include "attest/verify/findings.h"

namespace adyton {

inline constexpr std::string_view kTokenClaims = "token claims";

// Fills findings.claims and findings.fields; adds a failed kTokenClaims check for a claim that has not the form its
// service gives it. docs/evidence/token.md says which claim goes where.
void read_microsoft_claims(const Json& claims, Findings& findings);
void read_google_claims(const Json& claims, Findings& findings);
void read_nvidia_device_claims(const Json& claims, Findings& findings);

}  // namespace adyton
