// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/trust_anchors.h"

#include <algorithm>

#include "attest/verify/vendor_roots.h"
#include "base/base64.h"

namespace adyton {
namespace {

TrustAnchors parse_vendor_roots() {
  TrustAnchors out;
  for (const VendorRoot& root : vendor_roots()) {
    const Result<Bytes> der = parse_base64(root.certificate);
    if (!der) continue;  // cannot be: a test counts them
    Result<Certificate> certificate = Certificate::parse(*der);
    if (certificate) out.certificates.push_back({root.use, std::move(*certificate)});
  }
  return out;
}

}  // namespace

const TrustAnchors& TrustAnchors::vendors() {
  static const TrustAnchors anchors = parse_vendor_roots();
  return anchors;
}

bool TrustAnchors::has(AnchorUse use, const Certificate& certificate) const {
  return std::ranges::any_of(certificates, [&](const Anchor& anchor) {
    return anchor.use == use && as_text(anchor.certificate.der()) == as_text(certificate.der());
  });
}

}  // namespace adyton
