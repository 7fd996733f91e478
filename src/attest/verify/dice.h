// SPDX-License-Identifier: Apache-2.0
// What a certificate says of the firmware whose key it is for, where devices certify themselves layer by layer (TCG
// DICE Attestation Architecture 1.1, 6.1).
#pragma once

#include <optional>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/x509.h"

namespace adyton {

struct DiceIdentity {
  Bytes firmware_id;  // FWID: digest of the layer's firmware; of several, the first
  Bytes issuer_spki;  // CompositeDeviceID only: the public key of the layer below; else empty
};

// The extension 2.23.133.5.4.1 (or .1 beneath it), in either of the two forms that devices have: a DiceTcbInfo, or the
// CompositeDeviceID of RIoT that came before it (SEQUENCE { version, deviceID SubjectPublicKeyInfo, fwid }). Nothing:
// the certificate has no such extension. Errors: invalid.
Result<std::optional<DiceIdentity>> dice_identity_of(const Certificate& certificate);

}  // namespace adyton
