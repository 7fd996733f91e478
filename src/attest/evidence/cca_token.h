// SPDX-License-Identifier: Apache-2.0
// Arm CCA attestation tokens as bytes and fields: the platform's word and the realm's, bound to one another.
// verify/cca_token.h checks them.
//
// Sources: RMM specification (DEN0137) 1.0, A7.2.3; draft-ffm-rats-cca-token-00 to -04. Huawei's virtCCA has the realm
// token alone, as it stands in openEuler's secGear.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/evidence/arm_claims.h"
#include "crypto/cose.h"

namespace adyton {

// Beside each claim: its label.
struct CcaPlatformToken {
  CoseSign1 message;
  std::string profile;          // 265: one of those below
  Bytes binding;                // 10 (challenge); of the profiles of 2026: 2408 (workload binding). 32, 48, 64 bytes
  Bytes implementation_id;      // 2396: 32 bytes
  Bytes instance_id;            // 256: 33 bytes, the first of them 1
  Bytes config;                 // 2401: up to 4096 bytes
  std::uint16_t lifecycle = 0;  // 2395
  std::vector<ArmSoftwareComponent> components;  // 2399
  std::string verification_service;              // 2400; empty when not given
  std::string hash_algorithm;                    // 2402: "sha-256"
};

struct CcaRealmToken {
  CoseSign1 message;
  std::string profile;                // 265; empty when not given
  Bytes challenge;                    // 10: 64 bytes
  Bytes personalization;              // 44235: 64 bytes
  std::string hash_algorithm;         // 44236: of the measurements
  Bytes public_key;                   // 44237: an uncompressed point, a COSE_Key, or (virtCCA) SubjectPublicKeyInfo
  std::string key_hash_algorithm;     // 44240: of public_key in the platform's binding
  Bytes initial_measurement;          // 44238: 32, 48 or 64 bytes
  std::array<Bytes, 4> measurements;  // 44239: extensible, each as long as the initial one
};

struct CcaToken {
  Bytes encoded;
  std::optional<CcaPlatformToken> platform;  // nothing: virtCCA
  CcaRealmToken realm;
};

// A collection under the tag 399 (RMM 1.0) or 907 (a CMW collection, with content format 263), with the platform token
// under 44234 and the realm token under 44241, each a tagged COSE_Sign1 in a byte string. Platform profiles:
// "http://arm.com/CCA-SSD/1.0.0", "tag:arm.com,2023:cca_platform#1.0.0", "tag:arm.com,2024:cca_platform#2.0.0",
// "tag:arm.com,2026:cca_platform#2.0.0" and #2.1.0 in their delegated model; the direct and HESRAK models are refused.
// Claims that are not known are passed over. Up to 64 KiB. Errors: invalid.
Result<CcaToken> parse_cca_token(BytesView bytes);

// Whether it begins as such a collection. No promise that it parses.
bool looks_like_cca_token(BytesView bytes);

}  // namespace adyton
