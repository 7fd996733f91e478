// SPDX-License-Identifier: Apache-2.0
// Checks a token of an attestation service. What it proves is what the service says: the hardware's own signatures were
// checked there, not here (docs/evidence/token.md).
#pragma once

#include <string_view>

#include "attest/evidence/token.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// Names of the checks, besides those of verify/jwt.h and verify/token_claims.h.
inline constexpr std::string_view kTokenIssuer = "token issuer";
inline constexpr std::string_view kTokenChain = "token certificates";  // Google's PKI tokens: the chain to its root
inline constexpr std::string_view kTokenResult = "token result";       // NVIDIA: what the service decided
inline constexpr std::string_view kTokenSubmodule =
    "token submodule";  // NVIDIA: digest, issuer and nonce of a device's token

// Who signs is believed because the caller says so, in one of three ways: keys in context.anchors for tokens of this
// service (AnchorUse::kMicrosoftToken, kGoogleSpace, kNvidiaToken); context.anchors.issuers names the issuer, and the
// collateral has keys that were had from its own address; or, for Google's tokens with certificates, a certificate in
// context.anchors of AnchorUse::kGoogleSpace. A JWK set that just lies in the collateral makes nobody believed. Where
// issuers are named for a service, tokens of its other issuers are not believed. NVIDIA's devices become parts of the
// findings, by the names of their submodules; of Microsoft's key see verify/token_key.h.
Findings verify_token(const Token& token, const VerifyContext& context);

}  // namespace adyton
