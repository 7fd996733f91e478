// SPDX-License-Identifier: Apache-2.0
// COSE_Key (RFC 9052, 7; RFC 9053, 7; RFC 8230, 4): public keys as evidence made of CBOR carries them.
#pragma once

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/signature.h"

namespace adyton {

// One key and nothing after it: EC2 on P-256, P-384 or P-521 with both coordinates, OKP Ed25519, RSA. Parameters that
// are none of the key's numbers (kid, alg, key_ops) are passed over; a private part is refused. Errors: invalid.
Result<VerifyingKey> parse_cose_key(BytesView encoded);

}  // namespace adyton
