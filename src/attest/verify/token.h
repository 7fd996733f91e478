// SPDX-License-Identifier: Apache-2.0
// Checks a token of an attestation service. What it proves is what the service says: the hardware's own signatures were
// checked there, not here (docs/evidence/token.md).
#pragma once

#include <optional>
#include <string_view>

#include "attest/evidence/token.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// Names of the checks, besides those of verify/jwt.h and verify/token_claims.h.
inline constexpr std::string_view kTokenIssuer = "token issuer";
inline constexpr std::string_view kTokenChain = "token certificates";  // Google's PKI tokens: the chain to its root
inline constexpr std::string_view kTokenKey = "token key";             // Microsoft: what the key's certificate carries
inline constexpr std::string_view kTokenResult = "token result";       // NVIDIA: what the service decided
inline constexpr std::string_view kTokenSubmodule =
    "token submodule";  // NVIDIA: digest, issuer and nonce of a device's token

// Who signs is believed because the caller says so, in one of three ways: keys in context.anchors, keys in
// context.collateral (so a JWK set among the collateral is a statement of trust, and must not come from whom the token
// is about), or, for Google's tokens with certificates, an anchor of AnchorUse::kGoogleSpace. All keys given are
// believed for tokens of every service: give those of one service to check its tokens. NVIDIA's devices become parts of
// the findings, by the names of their submodules.
Findings verify_token(const Token& token, const VerifyContext& context);

// The SGX quote in the certificate of a signing key of Microsoft's (extension 1.3.6.1.4.1.311.105.1,
// or 1.2.840.113556.10.1.1 in older ones; without Open Enclave's header), which shows that the key lives in an enclave.
// Nothing: the certificate has none. verify_token() does not check the quote.
std::optional<Bytes> sgx_quote_of(const Certificate& certificate);

}  // namespace adyton
