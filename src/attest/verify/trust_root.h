// SPDX-License-Identifier: Apache-2.0
// A root that a person names, as a file has it.
#pragma once

#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/verify/trust_anchors.h"

namespace adyton {

// Certificates and public keys in any form that Collateral::add() knows. A key stands for itself; a certificate becomes
// an anchor for every use. `name` is for messages. Errors: invalid: it is neither, or a part of it is not understood;
// then `anchors` is as before.
Result<void> add_trust_root(std::string_view name, BytesView bytes, TrustAnchors& anchors);

}  // namespace adyton
