// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/ear_forms.h"
#include "base/base64.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxOtherText = 4096;  // a claim that is only shown is cut off here

Result<std::string> text_at(const Json& object, std::string_view name) {
  const auto text = text_of(find(&object, name));
  if (!text) return invalid("{} is missing or not text", name);
  return std::string(*text);
}

Result<TrustVector> read_vector(const Json& json) {
  if (!json.is_object() || json.empty()) return invalid("a trustworthiness vector without claims");
  TrustVector out;
  std::size_t found = 0;
  for (std::size_t i = 0; i < kTrustClaims; ++i) {
    const std::string_view name = name_of(static_cast<TrustClaim>(i));
    const Json* value = find(&json, name);
    if (!value) continue;
    const auto number = integer_of(value);
    if (!number) return invalid("the trustworthiness claim {} is not a number", name);
    out.claims[i] = TRY(checked_claim(*number));
    ++found;
  }
  if (found != json.size()) return invalid("a trustworthiness claim that AR4SI does not have");
  return out;
}

Result<EarAppraisal> read_appraisal(const std::string& name, const Json& json) {
  if (!json.is_object()) return invalid("it is not an object");
  EarAppraisal out;
  out.name = name;
  const std::string status = TRY(text_at(json, "ear.status"));
  out.status = TRY(checked_tier(trust_tier_of(status)));
  if (const Json* vector = find(&json, "ear.trustworthiness-vector")) out.vector = TRY(read_vector(*vector));
  if (find(&json, "ear.appraisal-policy-id")) out.policy_id = TRY(text_at(json, "ear.appraisal-policy-id"));
  for (const auto& [key, value] : json.items()) {
    if (key == "ear.status" || key == "ear.trustworthiness-vector" || key == "ear.appraisal-policy-id") continue;
    out.others.emplace_back(key, display_of(value).substr(0, kMaxOtherText));
  }
  return out;
}

Result<void> read_nonce(const Json& claims, Ear& out) {
  const Json* nonce = find(&claims, "eat_nonce");
  if (!nonce) return {};
  if (nonce->is_array() && !nonce->empty()) nonce = &(*nonce)[0];
  const auto text = text_of(nonce);
  if (!text) return invalid("eat_nonce is neither text nor a list of texts");
  auto bytes = parse_base64url(*text);
  out.nonce = bytes ? *std::move(bytes) : to_bytes(*text);
  return {};
}

Result<std::optional<std::int64_t>> read_time(const Json& claims, std::string_view name) {
  const Json* value = find(&claims, name);
  const auto seconds = time_of(value);
  if (value && !seconds) return invalid("{} is not a time", name);
  return seconds;
}

}  // namespace

Result<void> read_ear_json(const Json& claims, Ear& out) {
  out.profile = TRY(text_at(claims, "eat_profile"));
  // EAT forbids the floating-point form of iat, but verifiers have written it: what it says is the same.
  const auto issued = TRY(read_time(claims, "iat"));
  if (!issued) return invalid("iat is missing");
  out.issued_at = *issued;
  out.expires = TRY(read_time(claims, "exp"));
  out.not_before = TRY(read_time(claims, "nbf"));
  const Json* verifier = find(&claims, "ear.verifier-id");
  if (!verifier || !verifier->is_object()) return invalid("ear.verifier-id is missing");
  out.developer = TRY(text_at(*verifier, "developer"));
  out.build = TRY(text_at(*verifier, "build"));
  if (find(&claims, "ear.raw-evidence")) {
    out.raw_evidence = TRY(parse_base64url(TRY(text_at(claims, "ear.raw-evidence"))).within("ear.raw-evidence"));
  }
  TRY(read_nonce(claims, out));
  const Json* submodules = find(&claims, "submods");
  if (!submodules || !submodules->is_object()) return invalid("submods is missing");
  if (submodules->size() > kMaxAppraisals) return exhausted("{} appraisals", submodules->size());
  for (const auto& [name, value] : submodules->items()) {
    out.appraisals.push_back(TRY(read_appraisal(name, value).within("the appraisal \"" + name.substr(0, 128) + "\"")));
  }
  return {};
}

}  // namespace adyton
