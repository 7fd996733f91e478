// SPDX-License-Identifier: Apache-2.0
// An image's signature: a COSE_Sign1 over the image digest, with the signer's public key in it
// (docs/formats/signature.md).
#pragma once

#include <adyton/bytes.h>
#include <adyton/identity.h>
#include <adyton/result.h>
#include "crypto/keys.h"

namespace adyton {

// The Sig_structure to sign for this digest (RFC 9052, 4.4).
Bytes image_to_be_signed(const Digest384& digest, const PublicKey& signer);

// The COSE_Sign1. `signature` as PublicKey::verify() takes it.
Bytes encode_image_signature(const PublicKey& signer, BytesView signature);

// The key that signed this digest. There is exactly one encoding of each signature. Errors: untrusted, if it is not of
// this digest by the key it names; invalid, if it is malformed.
Result<PublicKey> verify_image_signature(BytesView encoded, const Digest384& digest);

}  // namespace adyton
