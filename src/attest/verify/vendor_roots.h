// SPDX-License-Identifier: Apache-2.0
// The vendors' root certificates, as the vendors publish them (docs/evidence/roots.md).
#pragma once

#include <span>
#include <string_view>

#include "attest/verify/trust_anchors.h"

namespace adyton {

struct VendorRoot {
  AnchorUse use;
  std::string_view certificate;  // base64 of the DER form
};
std::span<const VendorRoot> vendor_roots();

}  // namespace adyton
