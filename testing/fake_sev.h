// SPDX-License-Identifier: Apache-2.0
// Certificates of SEV before SNP that no platform ever had: AMD's binary formats (SEV API, 55766, appendices B and C).
//
//   Bytes cek = fake_sev_certificate(SevUsage::kCek, cek_key, {{SevUsage::kAsk, &ask_key}});
//   Bytes ask = fake_sev_authority(SevUsage::kAsk, ask_key, ark_key);
#pragma once

#include <vector>

#include "attest/evidence/sev_certificate.h"
#include "crypto/signing_key.h"

namespace adyton::testing {

struct FakeSevSigner {
  SevUsage usage;         // that the signature names
  const SigningKey* key;  // P-384, or RSA for the ASK
};

// With a key on P-384 and up to two signatures.
Bytes fake_sev_certificate(SevUsage usage, const SigningKey& key, const std::vector<FakeSevSigner>& signers);

// An ARK or ASK with an RSA key of 2048 bits.
Bytes fake_sev_authority(SevUsage usage, const SigningKey& key, const SigningKey& signer);

}  // namespace adyton::testing
