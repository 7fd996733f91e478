// SPDX-License-Identifier: Apache-2.0
// Whom a verification believes to begin with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/x509.h"

namespace adyton {

// Who vouches for what: an anchor for one kind of evidence is none for another's. Certificates and keys alike.
enum class AnchorUse : std::uint8_t {
  kIntelSgx,        // Intel SGX Root CA: SGX and TDX quotes, TCB infos, identities
  kIntelIas,        // Intel Attestation Report Signing CA: EPID reports
  kAmd,             // ARK of Milan, Genoa, Turin
  kAmdSevLegacy,    // ARK of Naples and Rome: a key
  kAws,             // AWS Nitro Enclaves Root-G1
  kNvidiaDevice,    // NVIDIA Device Identity CA
  kNvidiaRim,       // NVIDIA's reference manifests
  kGoogleSpace,     // Google Confidential Space: its root, or keys of its JWK set
  kGoogleTpm,       // TPM quotes: Google's EK/AK CA root of vTPMs, other makers' roots, or attestation keys themselves
  kHygon,           // HRK
  kDevelopment,     // Adyton's development roots: keys, as are all that follow
  kArmCca,          // platform attestation keys (CPAK)
  kArmPsa,          // initial attestation keys (IAK)
  kArmPsaSecret,    // shared secrets of devices that make a COSE_Mac0: no keys, but bytes
  kAttestResult,    // signers of attestation results (EAR)
  kMicrosoftToken,  // Microsoft Azure Attestation
  kNvidiaToken,     // NVIDIA Remote Attestation Service
};

inline constexpr AnchorUse kAllAnchorUses[] = {
    AnchorUse::kIntelSgx,   AnchorUse::kIntelIas,     AnchorUse::kAmd,          AnchorUse::kAmdSevLegacy,
    AnchorUse::kAws,        AnchorUse::kNvidiaDevice, AnchorUse::kNvidiaRim,    AnchorUse::kGoogleSpace,
    AnchorUse::kGoogleTpm,  AnchorUse::kHygon,        AnchorUse::kDevelopment,  AnchorUse::kArmCca,
    AnchorUse::kArmPsa,     AnchorUse::kArmPsaSecret, AnchorUse::kAttestResult, AnchorUse::kMicrosoftToken,
    AnchorUse::kNvidiaToken};

// How people name a use ("arm-cca"), as in `adyton verify --trust-root arm-cca=FILE`, and back.
std::string_view name_of(AnchorUse use);
Result<AnchorUse> parse_anchor_use(std::string_view name);  // errors: invalid, with all the names

struct TrustAnchors {
  struct Anchor {
    AnchorUse use;
    Certificate certificate;
  };
  std::vector<Anchor> certificates;

  // A key that stands for itself. Only ever given by the caller: keys that lie in collateral are not believed.
  struct Key {
    AnchorUse use;
    VerifyingKey key;
    std::string name = {};                        // its "kid", or for messages; may be empty
    std::optional<Certificate> certificate = {};  // that its JWK set has for it: not what makes it believed
  };
  std::vector<Key> keys;

  struct Secret {
    AnchorUse use;
    Bytes bytes;
  };
  std::vector<Secret> secrets;

  // An attestation service ("https://shared.weu.attest.azure.net", as the claim "iss" has it) whose tokens are wanted.
  // Once one is named for a use, tokens of no other issuer are believed for that use; and keys that were had from the
  // issuer itself (Collateral::NamedKey::address) are believed for its tokens.
  struct Issuer {
    AnchorUse use;
    std::string url;
  };
  std::vector<Issuer> issuers;

  // The vendors' roots as they are built into this library (docs/evidence/roots.md has their fingerprints). Parsed
  // once. No keys, no issuers.
  static const TrustAnchors& vendors();

  [[nodiscard]] bool has(AnchorUse use, const Certificate& certificate) const;
  [[nodiscard]] bool has(AnchorUse use, const VerifyingKey& key) const;
};

}  // namespace adyton
