// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/development.h"

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::string_view kRoot = "development root";

void check_root(const DevelopmentEvidence& evidence, const VerifyContext& context, Findings& out) {
  const std::string root = to_hex(evidence.root_fingerprint()).substr(0, 16);
  bool any = false;
  for (const TrustAnchors::Key& anchor : context.anchors.keys) {
    if (anchor.use != AnchorUse::kDevelopment) continue;
    any = true;
    const auto candidate = PublicKey::parse_der(anchor.key.spki());
    if (!candidate || candidate->fingerprint() != evidence.root_fingerprint()) continue;
    if (const auto verified = verify_development_evidence(evidence, *candidate)) {
      out.pass(kRoot, fmt::format("signed by {}..., which you trust. It says nothing about hardware", root));
    } else {
      out.fail(kRoot, verified.error().message);
    }
    return;
  }
  if (!any) {
    out.miss(kRoot,
             fmt::format("signed by {}..., a development root, which nobody trusts by default: if it is yours, name "
                         "it with --trust-root development=FILE",
                         root));
  } else {
    out.fail(kRoot, fmt::format("signed by {}..., which is none of the development roots that you trust", root));
  }
}

}  // namespace

Findings verify_development(const DevelopmentEvidence& evidence, const VerifyContext& context) {
  Findings out;
  const DevelopmentClaims& said = evidence.unverified_claims();
  const Identity& identity = said.identity;
  out.claims = {.platform = "adyton-development",
                .hardware_model = said.backend,
                .tcb_status = TcbStatus::kNone,
                .advisories = {},
                .debug = identity.debug,
                .measurement = to_bytes(identity.image),
                .signer = to_bytes(identity.signer),
                .product = identity.product,
                .svn = identity.svn,
                .report_data = said.report_data,
                .host_data = {},
                .boot_chain = {}};
  out.fields = {{"name", identity.name},
                {"backend", said.backend},
                {"image", to_hex(identity.image)},
                {"signer", to_hex(identity.signer)},
                {"product", std::to_string(identity.product)},
                {"svn", std::to_string(identity.svn)},
                {"report_data", to_hex(said.report_data)}};
  check_root(evidence, context, out);
  return out;
}

}  // namespace adyton
