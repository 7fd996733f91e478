// SPDX-License-Identifier: Apache-2.0
// Which of a platform's SEV certificates vouch for which, up to AMD's root if it was given.
#pragma once

#include "attest/evidence/sev_certificate.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// Checks: "certificate signature", once for each signature of each certificate (PDH by PEK; PEK by OCA and CEK; OCA by
// itself; CEK by ASK; ASK and ARK by ARK), missing where the signer was not given; "ARK": it is one of the anchors'
// keys. These certificates have no validity and no revocation lists.
Findings verify_sev_certificates(const SevCertificates& certificates, const VerifyContext& context);

}  // namespace adyton
