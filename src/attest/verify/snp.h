// SPDX-License-Identifier: Apache-2.0
// Whether a SEV-SNP report is AMD's: its signature, the key that made it, and what that key's certificate says of the
// chip.
#pragma once

#include <string>

#include "attest/evidence/snp_evidence.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// Checks (docs/evidence/sev-snp.md): "report signature", "signing key", "VCEK chain" or "VLEK chain", "TCB", "chip id",
// "product", "policy", "VMPL", "revocation list"; for a certificate request "request signature" and "request key". The
// leaf and its issuers are looked for among what came with the evidence, then in the context's collateral.
Findings verify_snp(const SnpEvidence& evidence, const VerifyContext& context);

// Where AMD's Key Distribution Service has the VCEK of a report (57230, 4.1): all parameters filled in. A report of
// version 2 does not say which product it is from: then `product` decides. Empty if the chip id is masked.
std::string vcek_url(const SnpReport& report, SnpProduct product);
// The chain above VCEKs or VLEKs of a product, and the list of its revoked certificates.
std::string snp_chain_url(SnpSigningKey kind, SnpProduct product);
std::string snp_list_url(SnpSigningKey kind, SnpProduct product);

}  // namespace adyton
