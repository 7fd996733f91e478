// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/ear.h"

#include "attest/verify/jwt.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::string_view kWhere =
    "the key of the verifier that issued it has to be named with --trust-root ear=FILE: an attestation result is worth "
    "what its signer is";
const TokenSigners kSigners{.use = AnchorUse::kAttestResult, .key_set = {}};

bool check_cwt_signature(const CoseSign1& message, const VerifyContext& context, Findings& findings) {
  const auto algorithm = cose_algorithm_of(message);
  const auto type = algorithm ? cose_key_type_of(*algorithm) : std::nullopt;
  if (!type) return findings.fail(kTokenSignature, "signed with an algorithm that is not accepted here"), false;
  const VerifyingKey* key = check_signature_by_given_keys(
      {}, *type, cose_algorithm_name(*algorithm), kSigners, kWhere, context, findings,
      [&](const VerifyingKey& one) { return verify_cose_sign1(message, one, {}, {}, context.seen).has_value(); });
  return key != nullptr;
}

void check_status(const EarAppraisal& appraisal, Findings& part) {
  const std::string text = fmt::format("{}: {}", appraisal.name, name_of(appraisal.status));
  part.claims.appraisal = name_of(appraisal.status);
  if (appraisal.status == TrustTier::kAffirming) return part.pass(kEarStatus, text);
  part.note(kEarStatus, appraisal.status == TrustTier::kNone ? text + ": the verifier could not tell" : text);
}

// draft-ietf-rats-ear, 3.1: no higher trust than the tier of the worst claim. "none" claims no trust at all.
void check_vector(const EarAppraisal& appraisal, Findings& part) {
  if (!appraisal.vector) return part.note(kEarConsistency, appraisal.name + ": there is no trustworthiness vector");
  const TrustTier worst = appraisal.vector->worst();
  if (appraisal.status != TrustTier::kNone && appraisal.status < worst) {
    part.fail(kEarConsistency, fmt::format("{} is said to be {}, but one of its claims is {}", appraisal.name,
                                           name_of(appraisal.status), name_of(worst)));
  } else {
    part.pass(kEarConsistency, fmt::format("{}: the worst of its claims is {}", appraisal.name, name_of(worst)));
  }
}

Findings appraisal_findings(const EarAppraisal& appraisal, bool is_signed) {
  Findings part;
  part.claims.platform = "ear";
  if (is_signed) part.pass(kEarSigned, "it is part of what is signed");
  check_status(appraisal, part);
  check_vector(appraisal, part);
  part.fields.push_back({"ear.status", std::string(name_of(appraisal.status))});
  if (appraisal.vector) {
    for (std::size_t i = 0; i < kTrustClaims; ++i) {
      if (!appraisal.vector->claims[i]) continue;
      part.fields.push_back(
          {std::string(name_of(static_cast<TrustClaim>(i))), std::to_string(*appraisal.vector->claims[i])});
    }
  }
  if (!appraisal.policy_id.empty()) part.fields.push_back({"ear.appraisal-policy-id", appraisal.policy_id});
  for (const auto& [name, value] : appraisal.others) part.fields.push_back({name, value});
  return part;
}

}  // namespace

Findings verify_ear(const Ear& ear, const VerifyContext& context) {
  Findings findings;
  const Jwt* jwt = std::get_if<Jwt>(&ear.envelope);
  const bool is_signed = jwt ? check_jwt_signature(*jwt, kSigners, kWhere, context, findings) != nullptr
                             : check_cwt_signature(std::get<CoseSign1>(ear.envelope), context, findings);
  check_times({ear.expires, ear.not_before, ear.issued_at}, false, context, findings);
  findings.claims.platform = "ear";
  findings.claims.report_data = ear.nonce;
  findings.fields = {{"eat_profile", ear.profile},
                     {"iat", std::to_string(ear.issued_at)},
                     {"ear.verifier-id.developer", ear.developer},
                     {"ear.verifier-id.build", ear.build},
                     {"eat_nonce", to_hex(ear.nonce)},
                     {"ear.raw-evidence", fmt::format("{} bytes", ear.raw_evidence.size())}};
  for (const EarAppraisal& appraisal : ear.appraisals) {
    findings.parts.push_back({appraisal.name, appraisal_findings(appraisal, is_signed)});
  }
  return findings;
}

}  // namespace adyton
