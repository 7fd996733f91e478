// SPDX-License-Identifier: Apache-2.0
// What a verification has to go by. There is nothing else: no clock, no network, no files, no environment.
#pragma once

#include <cstdint>

#include "attest/collateral/collateral.h"
#include "attest/verify/trust_anchors.h"
#include "crypto/signature.h"

namespace adyton {

struct VerifyContext {
  const Collateral& collateral;
  const TrustAnchors& anchors;
  std::int64_t now;                // seconds since 1970
  SeenSignatures* seen = nullptr;  // signatures that need not be computed again
};

}  // namespace adyton
