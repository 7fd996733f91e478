// SPDX-License-Identifier: Apache-2.0
// What can be said of an IBM Secure Execution attestation without the measurement key.
#pragma once

#include "attest/evidence/se_attestation.h"
#include "attest/verify/findings.h"

namespace adyton {

// The measurement is an HMAC under a key that only the Ultravisor and whoever made the request have: a third party can
// never check it. So the check "measurement" is always missing, and says what it takes. Fields: all parts in
// hexadecimal.
Findings verify_se_exchange(const SeExchange& exchange);

}  // namespace adyton
