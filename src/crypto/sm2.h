// SPDX-License-Identifier: Apache-2.0
// SM2 signatures with SM3 (GB/T 32918.2, GB/T 32905): only ever verified, and only for the evidence of Hygon's
// processors.
#pragma once

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

// `x`, `y`: the public point, big-endian, 32 bytes each; `id`: the signer's distinguishing identifier; `signature`: r
// || s, big-endian, 32 bytes each. Errors: untrusted, when the signature does not fit; invalid, when the point is none
// of the curve; unavailable, when OpenSSL was built without SM2.
Result<void> verify_sm2(BytesView x, BytesView y, BytesView id, BytesView message, BytesView signature);

}  // namespace adyton
