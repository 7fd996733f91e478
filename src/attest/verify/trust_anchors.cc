// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/trust_anchors.h"

#include <algorithm>

#include "attest/verify/vendor_roots.h"
#include "base/base64.h"
#include "base/error.h"

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

std::string_view name_of(AnchorUse use) {
  switch (use) {
    case AnchorUse::kIntelSgx: return "intel-sgx";
    case AnchorUse::kIntelIas: return "intel-ias";
    case AnchorUse::kAmd: return "amd";
    case AnchorUse::kAmdSevLegacy: return "amd-sev-legacy";
    case AnchorUse::kAws: return "aws";
    case AnchorUse::kNvidiaDevice: return "nvidia-device";
    case AnchorUse::kNvidiaRim: return "nvidia-rim";
    case AnchorUse::kGoogleSpace: return "google-space";
    case AnchorUse::kGoogleTpm: return "tpm";
    case AnchorUse::kHygon: return "hygon";
    case AnchorUse::kDevelopment: return "development";
    case AnchorUse::kArmCca: return "arm-cca";
    case AnchorUse::kArmPsa: return "arm-psa";
    case AnchorUse::kArmPsaSecret: return "arm-psa-secret";
    case AnchorUse::kAttestResult: return "ear";
    case AnchorUse::kMicrosoftToken: return "microsoft-token";
    case AnchorUse::kNvidiaToken: return "nvidia-token";
  }
  return "unknown";
}

Result<AnchorUse> parse_anchor_use(std::string_view name) {
  std::string all;
  for (const AnchorUse use : kAllAnchorUses) {
    if (name_of(use) == name) return use;
    all += (all.empty() ? "" : ", ") + std::string(name_of(use));
  }
  return invalid("\"{}\" is nothing that a root is trusted for: say one of {}", name.substr(0, 64), all);
}

const TrustAnchors& TrustAnchors::vendors() {
  static const TrustAnchors anchors = parse_vendor_roots();
  return anchors;
}

bool TrustAnchors::has(AnchorUse use, const Certificate& certificate) const {
  return std::ranges::any_of(certificates, [&](const Anchor& anchor) {
    return anchor.use == use && as_text(anchor.certificate.der()) == as_text(certificate.der());
  });
}

bool TrustAnchors::has(AnchorUse use, const VerifyingKey& key) const {
  return std::ranges::any_of(
      keys, [&](const Key& anchor) { return anchor.use == use && std::ranges::equal(anchor.key.spki(), key.spki()); });
}

}  // namespace adyton
