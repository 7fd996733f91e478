// SPDX-License-Identifier: Apache-2.0
#include "attest/appraise/ear_writer.h"

#include <algorithm>
#include <limits>

#include "base/base64.h"
#include "base/error.h"
#include "base/utf8.h"
#include "crypto/jws.h"

namespace adyton {
namespace {

constexpr std::size_t kLeastNonce = 8, kMostNonce = 64;  // draft-ietf-rats-ear, 3

// Values of AR4SI, 2.3.4.
constexpr std::int8_t kCryptographyFailed = 99, kGenuine = 2, kUnsafe = 32, kContraindicated = 96, kUnrecognised = 97,
                      kUnsafeConfiguration = 32, kUnsupportable = 96, kMemoryEncrypted = 2, kMemoryVisible = 96,
                      kApprovedBoot = 3, kUnrecognisedExecutables = 33;

// Of the attestation results in it: what is made of them is no better than they are.
TrustTier worst_appraisal(const Findings& findings) {
  TrustTier out = trust_tier_of(findings.claims.appraisal).value_or(TrustTier::kNone);
  for (const auto& [name, part] : findings.parts) out = std::max(out, worst_appraisal(part));
  return out;
}

bool any(const Findings& findings, Outcome outcome) {
  return std::ranges::any_of(findings.checks, [&](const Check& check) { return check.outcome == outcome; }) ||
         std::ranges::any_of(findings.parts, [&](const auto& part) { return any(part.findings, outcome); });
}

std::optional<std::int8_t> hardware_claim(TcbStatus status) {
  switch (status) {
    case TcbStatus::kNone:
    case TcbStatus::kUpToDate:
    case TcbStatus::kConfigurationNeeded: return kGenuine;
    case TcbStatus::kSwHardeningNeeded:
    case TcbStatus::kConfigurationAndSwHardeningNeeded:
    case TcbStatus::kOutOfDate:
    case TcbStatus::kOutOfDateConfigurationNeeded: return kUnsafe;
    case TcbStatus::kRevoked: return kContraindicated;
    case TcbStatus::kNotSupported: return kUnrecognised;
    case TcbStatus::kUnknown: return std::nullopt;
  }
  return std::nullopt;
}

Result<void> check(const EarAppraisal& appraisal) {
  if (appraisal.name.empty()) return invalid("an appraisal without a name");
  if (!is_utf8(appraisal.name) || !is_utf8(appraisal.policy_id)) return invalid("a name that is not UTF-8");
  if (!appraisal.vector) return {};
  const auto& claims = appraisal.vector->claims;
  if (std::ranges::none_of(claims, [](const auto& claim) { return claim.has_value(); })) {
    return invalid("the vector of {} has no claims", appraisal.name);
  }
  if (appraisal.status != TrustTier::kNone && appraisal.status < appraisal.vector->worst()) {
    return invalid("{} is {} at best, not {}", appraisal.name, name_of(appraisal.vector->worst()),
                   name_of(appraisal.status));
  }
  return {};
}

Result<void> check(const EarContents& contents, std::int64_t now) {
  if (contents.developer.empty() || contents.build.empty()) return invalid("the verifier has no name or no version");
  if (!is_utf8(contents.developer) || !is_utf8(contents.build)) return invalid("a name that is not UTF-8");
  const std::size_t nonce = contents.nonce.size();
  if (nonce != 0 && (nonce < kLeastNonce || nonce > kMostNonce)) return invalid("a nonce of {} bytes", nonce);
  if (contents.lifetime_seconds &&
      (*contents.lifetime_seconds <= 0 ||
       *contents.lifetime_seconds > std::numeric_limits<std::int64_t>::max() - std::max<std::int64_t>(now, 0))) {
    return invalid("a lifetime of {} seconds", *contents.lifetime_seconds);
  }
  if (contents.appraisals.empty()) return invalid("there is no appraisal");
  if (contents.appraisals.size() > kMaxAppraisals) return invalid("{} appraisals", contents.appraisals.size());
  for (const EarAppraisal& appraisal : contents.appraisals) TRY(check(appraisal));
  return {};
}

Json appraisal_json(const EarAppraisal& appraisal) {
  Json out;
  out["ear.status"] = std::string(name_of(appraisal.status));
  if (appraisal.vector) {
    Json& vector = out["ear.trustworthiness-vector"];
    for (std::size_t i = 0; i < kTrustClaims; ++i) {
      if (appraisal.vector->claims[i]) {
        vector[std::string(name_of(static_cast<TrustClaim>(i)))] = static_cast<int>(*appraisal.vector->claims[i]);
      }
    }
  }
  if (!appraisal.policy_id.empty()) out["ear.appraisal-policy-id"] = appraisal.policy_id;
  return out;
}

Result<Json> claims_json(const EarContents& contents, std::int64_t now) {
  Json out;
  out["eat_profile"] = std::string(kEarProfile);
  out["iat"] = now;
  if (contents.lifetime_seconds) out["exp"] = now + *contents.lifetime_seconds;
  out["ear.verifier-id"]["developer"] = contents.developer;
  out["ear.verifier-id"]["build"] = contents.build;
  if (!contents.nonce.empty()) out["eat_nonce"] = to_base64url(contents.nonce);
  if (!contents.raw_evidence.empty()) out["ear.raw-evidence"] = to_base64url(contents.raw_evidence);
  Json& submodules = out["submods"];
  for (const EarAppraisal& appraisal : contents.appraisals) {
    if (submodules.contains(appraisal.name)) return invalid("two appraisals have the name {}", appraisal.name);
    submodules[appraisal.name] = appraisal_json(appraisal);
  }
  return out;
}

}  // namespace

EarAppraisal appraisal_of(std::string name, const Findings& findings) {
  EarAppraisal out;
  out.name = std::move(name);
  const Claims& claims = findings.claims;
  TrustVector vector;
  if (any(findings, Outcome::kFailed)) {
    vector[TrustClaim::kInstanceIdentity] = kCryptographyFailed;
  } else if (!any(findings, Outcome::kMissing) && !any(findings, Outcome::kOutOfTime)) {
    vector[TrustClaim::kHardware] = hardware_claim(claims.tcb_status);
    if (claims.platform == "sgx" || claims.platform == "tdx" || claims.platform == "sev-snp") {
      vector[TrustClaim::kRuntimeOpaque] = claims.debug == true ? kMemoryVisible : kMemoryEncrypted;
    }
  }
  if (needs_configuration(claims.tcb_status)) vector[TrustClaim::kConfiguration] = kUnsafeConfiguration;
  if (claims.debug == true) vector[TrustClaim::kConfiguration] = kUnsupportable;
  if (std::ranges::any_of(vector.claims, [](const auto& claim) { return claim.has_value(); })) out.vector = vector;
  out.status = std::max(vector.worst(), worst_appraisal(findings));
  return out;
}

EarAppraisal appraisal_of(std::string name, const Verified& verified, const Verdict& verdict) {
  EarAppraisal out = appraisal_of(std::move(name), verified.findings());
  if (verified.answer() == Answer::kGenuine) {
    const auto about_programs = [](const Clause& clause) {
      return clause.name == "measurement" || clause.name == "signer" || clause.name == "product" ||
             clause.name == "svn" || clause.name.starts_with("registers.");
    };
    bool wanted = false, all = true;
    for (const Clause& clause : verdict.clauses()) {
      if (!about_programs(clause)) continue;
      wanted = true;
      all = all && clause.holds;
    }
    if (wanted) {
      if (!out.vector) out.vector.emplace();
      (*out.vector)[TrustClaim::kExecutables] = all ? kApprovedBoot : kUnrecognisedExecutables;
      out.status = std::max(out.vector->worst(), out.status);
    }
  }
  if (verified.answer() == Answer::kGenuine && !verdict.accepted()) out.status = TrustTier::kContraindicated;
  if (verified.answer() == Answer::kUndecided || verified.answer() == Answer::kOutOfTime) {
    out.status = TrustTier::kNone;
  }
  return out;
}

Result<std::string> make_ear(const EarContents& contents, const PrivateKey& key, std::int64_t now) {
  const KeyKind kind = key.public_key().kind();
  if (kind != KeyKind::kP256 && kind != KeyKind::kP384)
    return invalid("an EAR is signed with a P-256 or P-384 key here");
  TRY(check(contents, now).within("the attestation result"));
  const Json claims = TRY(claims_json(contents, now));
  const std::string text = claims.dump();  // throws for nothing that check() lets through
  Json header;
  header["alg"] = std::string(jws_algorithm_name(kind));
  header["typ"] = "JWT";
  return make_compact_jws(header.dump(), as_bytes(text), key);
}

}  // namespace adyton
