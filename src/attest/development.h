// SPDX-License-Identifier: Apache-2.0
// Development evidence: what a back-end without hardware says about an enclave, signed by the development root of the
// machine's user (docs/formats/development-evidence.md). It proves something only to who trusts that root, which nobody
// does by default: verify_development_evidence() must be handed it.
//
// Three steps: bytes -> DevelopmentEvidence (form) -> VerifiedDevelopmentEvidence (signature) -> the caller's policy.
#pragma once

#include <string>

#include <adyton/bytes.h>
#include <adyton/identity.h>
#include <adyton/result.h>
#include "crypto/cose.h"
#include "crypto/keys.h"

namespace adyton {

// What the evidence says.
struct DevelopmentClaims {
  std::string backend;  // 1 to 32 characters of [a-z0-9-]
  Identity identity;    // name: 1 to 64 characters of [a-z0-9_-]
  Bytes report_data;    // 0 to 64 bytes, as the enclave gave them
  bool operator==(const DevelopmentClaims&) const = default;
};

class VerifiedDevelopmentEvidence;

// A claim of development evidence that nobody has vouched for yet.
class DevelopmentEvidence {
 public:
  [[nodiscard]] const DevelopmentClaims& unverified_claims() const { return claims_; }
  [[nodiscard]] const Digest384& root_fingerprint() const { return root_fingerprint_; }  // as it says itself

 private:
  friend Result<DevelopmentEvidence> parse_development_evidence(BytesView);
  friend Result<VerifiedDevelopmentEvidence> verify_development_evidence(const DevelopmentEvidence&, const PublicKey&);
  CoseSign1 message_;  // the exact signed bytes
  DevelopmentClaims claims_;
  Digest384 root_fingerprint_{};
};

// Evidence whose signature verified under a root that the caller trusts: only verify_development_evidence() makes one.
class VerifiedDevelopmentEvidence {
 public:
  [[nodiscard]] const DevelopmentClaims& claims() const { return claims_; }
  [[nodiscard]] const Identity& identity() const { return claims_.identity; }
  [[nodiscard]] BytesView report_data() const { return claims_.report_data; }

 private:
  friend Result<VerifiedDevelopmentEvidence> verify_development_evidence(const DevelopmentEvidence&, const PublicKey&);
  explicit VerifiedDevelopmentEvidence(DevelopmentClaims claims) : claims_(std::move(claims)) {}
  DevelopmentClaims claims_;
};

// Checks form only. Errors: invalid.
Result<DevelopmentEvidence> parse_development_evidence(BytesView encoded);

// Pure. Errors: untrusted, when it was not signed by `trusted_root`.
Result<VerifiedDevelopmentEvidence> verify_development_evidence(const DevelopmentEvidence& evidence,
                                                                const PublicKey& trusted_root);

// Signs claims that are in range with a development root's key (kP384). Errors: invalid, when they are not.
Result<Bytes> make_development_evidence(const DevelopmentClaims& claims, const PrivateKey& root);

}  // namespace adyton
