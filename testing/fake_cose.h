// SPDX-License-Identifier: Apache-2.0
// COSE messages for tests: signed with any key, or with one that does not belong to what they say.
#pragma once

#include <cstdint>
#include <optional>

#include <adyton/bytes.h>
#include "base/cbor.h"
#include "crypto/crypto.h"
#include "crypto/signing_key.h"

namespace adyton::testing {

struct FakeCoseOptions {
  std::optional<std::int64_t> algorithm;  // the one it says: unset: the key's usual one
  bool tagged = true;
  Bytes external;
  bool other_message = false;  // sign something else
};

// A COSE_Sign1 of `payload`. P-256: ES256, P-384: ES384, P-521: ES512, Ed25519: EdDSA, RSA: PS256 unless algorithm says
// PS384 or PS512. What cannot be made ends the test program.
Bytes fake_sign1(BytesView payload, const SigningKey& key, const FakeCoseOptions& options = {});

// A tagged COSE_Mac0 of `payload` with HMAC 256/256, 384/384 or 512/512.
Bytes fake_mac0(BytesView payload, BytesView secret, HmacHash hash = HmacHash::kSha256);

// An EC2 COSE_Key of a key on P-256, P-384 or P-521.
Bytes fake_cose_key(const VerifyingKey& key);

// The uncompressed point of such a key: the end of its SubjectPublicKeyInfo.
Bytes fake_point(const VerifyingKey& key);

}  // namespace adyton::testing
