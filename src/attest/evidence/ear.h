// SPDX-License-Identifier: Apache-2.0
// EAT attestation results (draft-ietf-rats-ear-04): what a verifier found out about one or more attesters, in the words
// of AR4SI (draft-ietf-rats-ar4si), as a JWT or a CWT. Form only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/evidence/jwt.h"
#include "crypto/cose.h"

namespace adyton {

// AR4SI, 3.2. The larger, the worse; kNone says nothing either way.
enum class TrustTier : std::uint8_t { kNone = 0, kAffirming = 2, kWarning = 32, kContraindicated = 96 };
std::string_view name_of(TrustTier tier);                       // "affirming"
std::optional<TrustTier> trust_tier_of(std::string_view name);  // and back
std::optional<TrustTier> trust_tier_of(std::uint64_t number);
TrustTier tier_of_claim(std::int8_t claim);  // AR4SI, 2.3.3: by ranges, on both sides of zero

// AR4SI, 2.3.4: the trustworthiness claims, in the order of their CBOR keys.
enum class TrustClaim : std::uint8_t {
  kInstanceIdentity,
  kConfiguration,
  kExecutables,
  kFileSystem,
  kHardware,
  kRuntimeOpaque,
  kStorageOpaque,
  kSourcedData,
};
inline constexpr std::size_t kTrustClaims = 8;
std::string_view name_of(TrustClaim claim);  // "instance-identity"

struct TrustVector {
  std::array<std::optional<std::int8_t>, kTrustClaims> claims;
  [[nodiscard]] std::optional<std::int8_t>& operator[](TrustClaim claim) {
    return claims[static_cast<std::size_t>(claim)];
  }
  [[nodiscard]] const std::optional<std::int8_t>& operator[](TrustClaim claim) const {
    return claims[static_cast<std::size_t>(claim)];
  }
  [[nodiscard]] TrustTier worst() const;  // of the claims that say something; kNone if none does
  bool operator==(const TrustVector&) const = default;
};

// Section 3.1, "EAR Appraisal Claims": of one attester.
struct EarAppraisal {
  std::string name;                                         // of the submodule
  TrustTier status = TrustTier::kNone;                      // ear.status, 1000
  std::optional<TrustVector> vector;                        // ear.trustworthiness-vector, 1001; never empty
  std::string policy_id;                                    // ear.appraisal-policy-id, 1003; may be absent
  std::vector<std::pair<std::string, std::string>> others;  // claims that are not the draft's, for display. JWT only
};

// Section 3.
struct Ear {
  std::variant<Jwt, CoseSign1> envelope;            // the exact signed bytes
  std::string profile;                              // eat_profile, 265
  std::int64_t issued_at = 0;                       // iat, 6: seconds since 1970
  std::optional<std::int64_t> expires, not_before;  // exp, 4 and nbf, 5: not the draft's, but a JWT's or CWT's
  std::string developer, build;                     // ear.verifier-id, 1004
  Bytes raw_evidence;                               // ear.raw-evidence, 1002; may be absent
  // eat_nonce, 10: what the relying party gave. In a JWT it is base64url of the bytes; text that is not is taken as it
  // is. Of several nonces, the first. May be absent.
  Bytes nonce;
  std::vector<EarAppraisal> appraisals;  // submods, 266; at least one

  [[nodiscard]] bool is_jwt() const { return std::holds_alternative<Jwt>(envelope); }
};

// The profile of the draft; and that of Trustee, whose results have the same claims.
inline constexpr std::string_view kEarProfile = "tag:github.com,2023:veraison/ear";
inline constexpr std::string_view kTrusteeProfile = "tag:github.com,2024:confidential-containers/Trustee";
inline constexpr std::size_t kMaxAppraisals = 64;

// A JWT (white space after it is passed over), or a CWT as COSE_Sign1 with its tag, with the CWT tag before it (RFC
// 8392, 6) or without. Unknown claims are passed over (section 4). Errors: invalid: another profile, a mandatory claim
// missing, a value out of its range; exhausted: too large.
Result<Ear> parse_ear(BytesView bytes);

// Whether it is a JWT or CWT that names one of the two profiles. Does not look at a signature.
bool looks_like_ear(BytesView bytes);

}  // namespace adyton
