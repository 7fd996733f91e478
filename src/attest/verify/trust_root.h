// SPDX-License-Identifier: Apache-2.0
// A root that a person names, as a file has it.
#pragma once

#include <optional>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/evidence/evidence.h"
#include "attest/verify/trust_anchors.h"

namespace adyton {

// Certificates and public keys in any form that Collateral::add() knows become anchors for `use`, and for no other; for
// AnchorUse::kArmPsaSecret the bytes are the secret itself.
// `name` is for messages. Errors: invalid: it is neither, or a part of it is not understood, or nothing in it can be an
// anchor for this use (certificates where only keys are believed, or the other way round); then `anchors` is as before.
Result<void> add_trust_root(AnchorUse use, std::string_view name, BytesView bytes, TrustAnchors& anchors);

// Names the issuer of tokens that are wanted: its use is told by its address. Errors: invalid: none of the services
// whose tokens are known here names itself so.
Result<void> add_trusted_issuer(std::string_view url, TrustAnchors& anchors);

// What a root that is named without its use is taken for when it is there for this one piece of evidence: the one use
// that has a say in such evidence. Nothing, where there is none or more than one.
std::optional<AnchorUse> anchor_use_of(const Evidence& evidence);

}  // namespace adyton
