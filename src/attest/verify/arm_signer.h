// SPDX-License-Identifier: Apache-2.0
// Who signed a token of Arm's: there is no public root for these keys, so the verifier is told which to believe.
#pragma once

#include <optional>
#include <string_view>

#include <adyton/bytes.h>
#include "attest/evidence/arm_claims.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"
#include "crypto/cose.h"

namespace adyton {

// Looks among context.anchors.keys for `use` for one that signed `message`. Adds a check `what`: passed; failed, when
// keys of the algorithm's type are trusted for it and none of them signed it, or when the algorithm is not known;
// missing, when there is no such key: `wanted` says what key that is and where it is had. Keys of the collateral are
// not believed: only the message says if one of them would fit.
std::optional<VerifyingKey> find_arm_signer(const CoseSign1& message, AnchorUse use, std::string_view what,
                                            std::string_view wanted, const VerifyContext& context, Findings& findings);

// Passes `what` if the instance ID is 1 and the SHA-256 of the key's point, as Trusted Firmware makes it; else notes
// that it is not, as other firmware may make it in another way.
void check_arm_instance_id(BytesView instance_id, const VerifyingKey& key, std::string_view what, Findings& findings);

// claims.debug: in every state but secured, someone may look into or change what runs. Passed when secured, else noted.
void check_arm_lifecycle(std::uint16_t lifecycle, std::string_view what, Findings& findings);

// Fields "NAME.measurement", ".signer", ".version", ".hash_algorithm", and registers NAME in the boot chain; NAME is
// `prefix` with the component's type, or with its index if it has no type or shares it with one before.
void add_arm_components(const std::vector<ArmSoftwareComponent>& components, std::string_view prefix,
                        Findings& findings);

}  // namespace adyton
