// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/trust_root.h"

#include "attest/collateral/collateral.h"
#include "base/error.h"

namespace adyton {

Result<void> add_trust_root(std::string_view name, BytesView bytes, TrustAnchors& anchors) {
  Collateral given;
  TRY(given.add(name, bytes).within(name));
  if (given.keys().empty() && given.certificates().empty()) return invalid("{}: neither a key nor a certificate", name);
  for (const Collateral::NamedKey& key : given.keys()) anchors.keys.push_back(key.key);
  for (const Certificate& certificate : given.certificates()) {
    for (const AnchorUse use : kAllAnchorUses) anchors.certificates.push_back({use, certificate});
  }
  return {};
}

}  // namespace adyton
