// SPDX-License-Identifier: Apache-2.0
// Whether a TPM 2.0 quote is what its attestation key signed, and what that key is worth.
#pragma once

#include <optional>
#include <string>

#include "attest/evidence/event_log.h"
#include "attest/evidence/tpm_quote.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// Somebody who vouches for the attestation key besides the anchors: other evidence that names it.
struct TpmVoucher {
  VerifyingKey key;
  std::string_view by;  // "the HCL runtime data"
};

// Checks (docs/evidence/tpm.md): "quote signature", "AK", "AK attributes", "AK chain", "PCR digest", "clock"; with a
// log those of verify_event_log().
//
// The attestation key is believed if `voucher` names it, if it is one of the anchors' keys, or if its certificate leads
// to an anchor for TPMs; otherwise the check "AK" says that this is missing. PCR values become claims only when the
// quoted digest is theirs.
Findings verify_tpm_quote(const TpmQuote& quote, const VerifyContext& context,
                          const std::optional<TpmVoucher>& voucher = {}, const EventLog* log = nullptr);

// The key of a public area. Errors: invalid: a curve or size that is not supported.
Result<VerifyingKey> key_of(const TpmPublic& area);

}  // namespace adyton
