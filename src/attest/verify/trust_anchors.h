// SPDX-License-Identifier: Apache-2.0
// Whom a verification believes to begin with.
#pragma once

#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/x509.h"

namespace adyton {

// Who vouches for what: an anchor for one vendor's evidence is none for another's.
enum class AnchorUse : std::uint8_t {
  kIntelSgx,      // Intel SGX Root CA: SGX and TDX quotes, TCB infos, identities
  kIntelIas,      // Intel Attestation Report Signing CA: EPID reports
  kAmd,           // ARK of Milan, Genoa, Turin
  kAmdSevLegacy,  // ARK of Naples and Rome
  kAws,           // AWS Nitro Enclaves Root-G1
  kNvidiaDevice,  // NVIDIA Device Identity CA
  kNvidiaRim,     // NVIDIA's reference manifests
  kGoogleSpace,   // Google Confidential Space root
  kGoogleTpm,     // Google's EK/AK CA root of vTPMs
  kHygon,         // HRK
};

struct TrustAnchors {
  struct Anchor {
    AnchorUse use;
    Certificate certificate;
  };
  std::vector<Anchor> certificates;
  // Keys that stand for themselves: a development root, a CPAK, a PSA IAK, an attestation result's signer. They are
  // only ever given by the caller.
  std::vector<VerifyingKey> keys;

  // The vendors' roots as they are built into this library (docs/evidence/roots.md has their fingerprints). Parsed
  // once.
  static const TrustAnchors& vendors();

  [[nodiscard]] bool has(AnchorUse use, const Certificate& certificate) const;
};

}  // namespace adyton
