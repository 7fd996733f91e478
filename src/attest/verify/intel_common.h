// SPDX-License-Identifier: Apache-2.0
// What verifying SGX and TDX quotes has in common: the signatures from the quote up to Intel's root, and the QE.
//
// The order is that of Intel's "SGX ECDSA quote verification" (QVL, 4.1.2.4). Names of checks (docs/evidence/intel.md):
// "quote signature", "QE report data", "PCK certificate", "QE report signature", "PCK chain", "QE identity signature",
// "QE identity validity", "QE identity", "TCB info signature", "TCB info validity", "TCB info", "TCB signing chain",
// "TCB level", and of TDX "TDX module", "TD relaunch".
#pragma once

#include <optional>
#include <string_view>

#include "attest/evidence/pck_extensions.h"
#include "attest/evidence/quote_signature.h"
#include "attest/evidence/tdx_quote.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// What the signatures prove.
struct QuoteSigner {
  std::optional<PckExtensions> platform;  // what the PCK certificate says, if its chain leads to an anchor
  bool qe_report_signed = false;          // the QE's report is signed by that certificate's key
};

// Checks quote signature, attestation key and QE report, and the PCK certificate up to its anchor. Adds fields of the
// platform, claims.hardware_model and the chain.
QuoteSigner verify_quote_signatures(BytesView signed_part, const QuoteSignature& signature,
                                    const VerifyContext& context, Findings& findings);

// Checks the QE against its identity and the platform against its TCB info, and sets claims.tcb_status and
// claims.advisories: kUnknown unless both were given, are Intel's, and the signatures above hold. `td`: null for SGX.
void verify_intel_tcb(const QuoteSigner& signer, const SgxReport& qe_report, const TdReport* td,
                      const VerifyContext& context, Findings& findings);

}  // namespace adyton
