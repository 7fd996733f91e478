// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/ear.h"

#include <algorithm>

#include "attest/evidence/ear_forms.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
constexpr std::uint64_t kTagCwt = 61;  // RFC 8392, 6
constexpr cbor::Rules kRules{.deterministic = false};

constexpr std::array<std::string_view, kTrustClaims> kClaimNames = {
    "instance-identity", "configuration",  "executables",    "file-system",
    "hardware",          "runtime-opaque", "storage-opaque", "sourced-data"};
constexpr std::array kTiers = {TrustTier::kNone, TrustTier::kAffirming, TrustTier::kWarning,
                               TrustTier::kContraindicated};

Result<CoseSign1> parse_cwt(BytesView bytes) {
  cbor::Reader reader(bytes, kRules);
  if (TRY(reader.peek()) == cbor::Type::kTag && TRY(reader.read_tag()) == kTagCwt) {
    bytes = TRY(reader.read_item());
    TRY(reader.finish());
  }
  return parse_cose_sign1(bytes, kRules);
}

Result<void> check_mandatory(const Ear& ear) {
  if (ear.profile.empty()) return invalid("the profile (eat_profile) is missing");
  if (ear.profile != kEarProfile && ear.profile != kTrusteeProfile) {
    return invalid("the profile \"{}\" is not that of an EAR", ear.profile.substr(0, 128));
  }
  if (ear.appraisals.empty()) return invalid("it has no appraisal (submods)");
  return {};
}

Result<Ear> parse(BytesView bytes) {
  if (bytes.size() > kMaxBytes) return exhausted("{} bytes; {} are the most", bytes.size(), kMaxBytes);
  const std::string_view text = without_line_end(as_text(bytes));
  if (looks_like_jwt(text)) {
    Jwt jwt = TRY(parse_jwt(text));
    const std::shared_ptr<const Json> claims = jwt.claims;
    Ear out{std::move(jwt)};
    TRY(read_ear_json(*claims, out));
    TRY(check_mandatory(out));
    return out;
  }
  Ear out{TRY(parse_cwt(bytes))};
  const CoseSign1& message = std::get<CoseSign1>(out.envelope);
  if (!message.payload) return invalid("the claims are missing");
  TRY(read_ear_cbor(*message.payload, out));
  TRY(check_mandatory(out));
  return out;
}

}  // namespace

std::string_view name_of(TrustTier tier) {
  switch (tier) {
    case TrustTier::kNone: return "none";
    case TrustTier::kAffirming: return "affirming";
    case TrustTier::kWarning: return "warning";
    case TrustTier::kContraindicated: return "contraindicated";
  }
  return "unknown";
}

std::optional<TrustTier> trust_tier_of(std::string_view name) {
  const auto found = std::ranges::find_if(kTiers, [&](TrustTier tier) { return name_of(tier) == name; });
  return found == kTiers.end() ? std::nullopt : std::optional(*found);
}

std::optional<TrustTier> trust_tier_of(std::uint64_t number) {
  const auto found =
      std::ranges::find_if(kTiers, [&](TrustTier tier) { return static_cast<std::uint64_t>(tier) == number; });
  return found == kTiers.end() ? std::nullopt : std::optional(*found);
}

TrustTier tier_of_claim(std::int8_t claim) {
  if (claim >= 96 || claim <= -97) return TrustTier::kContraindicated;
  if (claim >= 32 || claim <= -33) return TrustTier::kWarning;
  if (claim >= 2 || claim <= -2) return TrustTier::kAffirming;
  return TrustTier::kNone;
}

std::string_view name_of(TrustClaim claim) { return kClaimNames.at(static_cast<std::size_t>(claim)); }

TrustTier TrustVector::worst() const {
  TrustTier out = TrustTier::kNone;
  for (const auto& claim : claims) {
    if (claim) out = std::max(out, tier_of_claim(*claim));
  }
  return out;
}

Result<TrustTier> checked_tier(std::optional<TrustTier> tier) {
  if (!tier) return invalid("ear.status is no trustworthiness tier");
  return *tier;
}

Result<std::int8_t> checked_claim(std::int64_t value) {
  if (value < -128 || value > 127) return invalid("{} is out of a trustworthiness claim's range", value);
  return static_cast<std::int8_t>(value);
}

Result<Ear> parse_ear(BytesView bytes) { return parse(bytes).within("not an EAT attestation result (EAR)"); }

bool looks_like_ear(BytesView bytes) {
  if (bytes.size() > kMaxBytes) return false;
  const std::string_view text = without_line_end(as_text(bytes));
  if (looks_like_jwt(text)) {
    const auto jwt = parse_jwt(text);
    if (!jwt) return false;
    const auto profile = text_of(find(jwt->claims.get(), "eat_profile"));
    return profile == kEarProfile || profile == kTrusteeProfile;
  }
  return parse(bytes).has_value();
}

}  // namespace adyton
