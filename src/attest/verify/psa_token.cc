// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/psa_token.h"

#include <algorithm>

#include "attest/verify/arm_signer.h"
#include "base/error.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

void fill_claims(const PsaToken& token, Findings& findings) {
  Claims& claims = findings.claims;
  claims.platform = "psa";
  claims.hardware_model = !token.certification_reference.empty()
                              ? token.certification_reference
                              : fmt::format("implementation {}", to_hex(token.implementation_id));
  claims.report_data = token.nonce;
  if (!token.components.empty()) {
    claims.measurement = token.components[0].measurement;
    claims.signer = token.components[0].signer;
  }
  const auto add = [&](std::string_view name, std::string value) {
    if (!value.empty()) findings.fields.push_back({std::string(name), std::move(value)});
  };
  add("profile", token.profile_name);
  add("nonce", to_hex(token.nonce));
  add("instance_id", to_hex(token.instance_id));
  add("implementation_id", to_hex(token.implementation_id));
  add("client_id", fmt::format("{}", token.client_id));
  add("lifecycle", fmt::format("{:#06x}", token.lifecycle));
  if (token.boot_seed) add("boot_seed", to_hex(*token.boot_seed));
  add("certification_reference", token.certification_reference);
  add("verification_service", token.verification_service);
  add_arm_components(token.components, "", findings);
}

// TF-M makes the instance ID of a secret by hashing it twice.
void check_secret_id(BytesView instance_id, BytesView secret, Findings& findings) {
  if (std::ranges::equal(instance_id.subspan(1), sha256(sha256(secret)))) {
    findings.pass(kPsaInstanceId, "it is the hash of the hash of the secret");
  } else {
    findings.note(kPsaInstanceId, "it is not the hash of the hash of the given secret");
  }
}

void check_code(const PsaToken& token, const CoseMac0& message, const VerifyContext& context, Findings& findings) {
  bool any = false;
  for (const TrustAnchors::Secret& secret : context.anchors.secrets) {
    if (secret.use != AnchorUse::kArmPsaSecret) continue;
    any = true;
    if (!verify_cose_mac0(message, secret.bytes)) continue;
    findings.pass(kPsaCode, "made with the given secret; whoever knows it can make such tokens");
    check_secret_id(token.instance_id, secret.bytes, findings);
    return;
  }
  if (any) {
    findings.fail(kPsaCode, "not made with a given secret");
  } else {
    findings.miss(kPsaCode,
                  fmt::format("the token is a COSE_Mac0: it can only be checked with the secret that device {} "
                              "was made with, named with --trust-root {}=FILE",
                              to_hex(token.instance_id), name_of(AnchorUse::kArmPsaSecret)));
  }
}

}  // namespace

Findings verify_psa_token(const PsaToken& token, const VerifyContext& context) {
  Findings findings;
  fill_claims(token, findings);
  check_arm_lifecycle(token.lifecycle, kPsaLifecycle, findings);
  if (const auto* message = std::get_if<CoseMac0>(&token.message)) {
    check_code(token, *message, context, findings);
    return findings;
  }
  const std::string wanted = fmt::format(
      "the attestation key (IAK) of device {}, which its maker's endorsements have{}", to_hex(token.instance_id),
      token.verification_service.empty() ? "" : fmt::format("; the token names {}", token.verification_service));
  const auto signer =
      find_arm_signer(std::get<CoseSign1>(token.message), AnchorUse::kArmPsa, kPsaSignature, wanted, context, findings);
  if (signer) check_arm_instance_id(token.instance_id, *signer, kPsaInstanceId, findings);
  return findings;
}

}  // namespace adyton
