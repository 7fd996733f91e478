// SPDX-License-Identifier: Apache-2.0
// Whether a Nitro attestation document is AWS's word (docs/evidence/nitro.md).
#pragma once

#include <string_view>

#include "attest/evidence/nitro.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// The names of the checks that are made here; those of the chain are verify_chain()'s for kNitroChain.
inline constexpr std::string_view kNitroCertificate = "nitro certificate";  // the signer's and the bundle's form
inline constexpr std::string_view kNitroChain = "nitro chain";
inline constexpr std::string_view kNitroSignature = "nitro signature";  // ES384 by the certificate's key
inline constexpr std::string_view kNitroTimestamp = "nitro timestamp";  // within the certificate's validity
inline constexpr std::string_view kNitroDebug = "nitro debug";          // noted, when PCR0 is all zero
inline constexpr std::string_view kNitroFields = "nitro fields";        // noted, when there are unknown ones

// Certificates must be valid at context.now: they live for three hours, so a document can be checked later only by
// asking about the time it was made. Needs no collateral. AWS publishes no revocation lists for these chains.
//
// Claims: platform "nitro" or "nitro-tpm"; measurement PCR0 and signer PCR8 (if it is not all zero) of an enclave;
// report_data the user data (nonce and public key are fields); boot_chain all registers.
Findings verify_nitro(const NitroDocument& document, const VerifyContext& context);

}  // namespace adyton
