// SPDX-License-Identifier: Apache-2.0
// PSA attestation tokens as bytes and fields. verify/psa_token.h checks them.
//
// Sources: RFC 9783; its section 4.6 and draft-tschofenig-rats-psa-token-05 for the labels of PSA_IOT_PROFILE_1;
// Trusted Firmware-M for "http://arm.com/psa/2.0.0", which has the labels of RFC 9783 but for the boot seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/evidence/arm_claims.h"
#include "crypto/cose.h"

namespace adyton {

enum class PsaProfile : std::uint8_t {
  kIot1,     // "PSA_IOT_PROFILE_1", or no profile at all: labels -75000 and below
  kTfm2,     // "http://arm.com/psa/2.0.0"
  kRfc9783,  // "tag:psacertified.org,2023:psa#tfm"
};

// Beside each claim: its label in RFC 9783, and in PSA_IOT_PROFILE_1.
struct PsaToken {
  Bytes encoded;
  std::variant<CoseSign1, CoseMac0> message;

  PsaProfile profile = PsaProfile::kIot1;
  std::string profile_name;  // 265, -75000; empty when not given

  Bytes nonce;                                   // 10, -75008: 32, 48 or 64 bytes
  Bytes instance_id;                             // 256, -75009: 33 bytes
  Bytes implementation_id;                       // 2396, -75003: 32 bytes
  std::int32_t client_id = 0;                    // 2394, -75001: positive: in the secure environment
  std::uint16_t lifecycle = 0;                   // 2395, -75002
  std::optional<Bytes> boot_seed;                // 268 (2397 of TF-M), -75004: 8 to 32 bytes
  std::string certification_reference;           // 2398, -75005; empty when not given
  std::vector<ArmSoftwareComponent> components;  // 2399, -75006; empty only with -75007
  std::string verification_service;              // 2400, -75010; empty when not given

  [[nodiscard]] BytesView payload() const;
};

// A tagged COSE_Sign1 (18) or COSE_Mac0 (17): without a tag nobody could tell which. Claims that are not known are
// passed over (RFC 9783, 5.2.1). Up to 16 KiB. Errors: invalid.
Result<PsaToken> parse_psa_token(BytesView bytes);

// Whether it begins as a tagged COSE message and names one of the profiles. No promise that it parses.
bool looks_like_psa_token(BytesView bytes);

}  // namespace adyton
