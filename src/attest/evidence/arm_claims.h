// SPDX-License-Identifier: Apache-2.0
// What the claims of Arm's two kinds of token (psa_token.h, cca_token.h) have in common.
//
// Sources: RFC 9783 (PSA), 4; draft-ffm-rats-cca-token-04 (CCA), 4; RMM specification (DEN0137) 1.0, A7.2.3.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "base/cbor.h"

namespace adyton {

// Tokens may come in any serialization, but with definite lengths only (draft-ffm-rats-cca-token-04, 4.11.1; RFC 9783,
// 5).
inline constexpr cbor::Rules kArmRules{.deterministic = false};

// One entry of the software components (RFC 9783, 4.4.1; labels 1, 2, 4, 5, 6).
struct ArmSoftwareComponent {
  std::string type;            // "BL2"; empty when not given
  Bytes measurement;           // 32, 48 or 64 bytes
  std::string version;         // empty when not given
  Bytes signer;                // 32, 48 or 64 bytes: hash of the signer's public key
  std::string hash_algorithm;  // "sha-256"; empty when not given
};

// Security lifecycle (RFC 9783, 4.3.1; draft-ffm-rats-cca-token-04, 4.5.2): the upper byte is the state, the lower one
// the implementation's own.
enum class ArmLifecycle : std::uint8_t {
  kUnknown = 0x00,
  kAssemblyAndTest = 0x10,
  kProvisioning = 0x20,
  kSecured = 0x30,
  kNonRootDebug = 0x40,
  kRecoverableRootDebug = 0x50,
  kDecommissioned = 0x60,
};
std::string_view name_of(ArmLifecycle state);  // "secured", "non-RoT debug", ...

// All errors of these: invalid.

// 32, 48 or 64 bytes.
Result<Bytes> read_arm_hash(cbor::Reader& reader);
Result<Bytes> read_sized(cbor::Reader& reader, std::size_t least, std::size_t most);
// At most 256 bytes.
Result<std::string> read_arm_text(cbor::Reader& reader);
// 33 bytes, the first of which is 1 (EAT: a random UEID).
Result<Bytes> read_arm_instance_id(cbor::Reader& reader);
// A number whose upper byte is one of the states.
Result<std::uint16_t> read_arm_lifecycle(cbor::Reader& reader);
ArmLifecycle arm_lifecycle_state(std::uint16_t lifecycle);
// 1 to 64 components.
Result<std::vector<ArmSoftwareComponent>> read_arm_components(cbor::Reader& reader);

}  // namespace adyton
