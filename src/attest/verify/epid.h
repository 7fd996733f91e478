// SPDX-License-Identifier: Apache-2.0
// SGX EPID: what Intel's Attestation Service said of an enclave (docs/evidence/epid.md).
#pragma once

#include <string_view>

#include "attest/evidence/ias_report.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

inline constexpr std::string_view kEpidSignature = "epid signature";  // of a quote: always missing
inline constexpr std::string_view kIasChain = "ias chain";
inline constexpr std::string_view kIasSignature = "ias signature";
inline constexpr std::string_view kIasStatus = "ias quote status";
inline constexpr std::string_view kIasTimestamp = "ias timestamp";

// Names of collateral documents that stand for the headers the service sent beside a body.
inline constexpr std::string_view kIasSignatureDocument = "X-IASReport-Signature";
inline constexpr std::string_view kIasChainDocument = "X-IASReport-Signing-Certificate";

// Checks the signature over the exact body by the first certificate that leads to an anchor of kIntelIas: certificates
// come with the report, from the document kIasChainDocument, or from the collateral's certificates. tcb_status is the
// word of the service ("isvEnclaveQuoteStatus"); a status that says the quote is not genuine or its key is revoked
// fails.
//
// Claims: platform "sgx"; measurement MRENCLAVE, signer MRSIGNER, product, svn, debug, report_data of the quote;
// hardware_model "EPID group XXXXXXXX".
Findings verify_ias_report(const IasReport& report, const VerifyContext& context);

// The claims of a quote by itself, and that its signature cannot be verified: only the service had the means, and it
// ended in April 2025.
Findings verify_epid_quote(const EpidQuote& quote, const VerifyContext& context);

}  // namespace adyton
