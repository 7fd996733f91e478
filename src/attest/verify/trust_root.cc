// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/trust_root.h"

#include <algorithm>

#include "attest/collateral/collateral.h"
#include "attest/verify/token_issuer.h"
#include "base/error.h"

namespace adyton {
namespace {

// What a use believes: keys that stand for themselves, certificates that chains end at, or both.
struct Believed {
  bool keys, certificates;
};

Believed believed_for(AnchorUse use) {
  switch (use) {
    case AnchorUse::kIntelSgx:
    case AnchorUse::kIntelIas:
    case AnchorUse::kAmd:
    case AnchorUse::kAws:
    case AnchorUse::kNvidiaDevice:
    case AnchorUse::kNvidiaRim: return {.keys = false, .certificates = true};
    case AnchorUse::kGoogleSpace:
    case AnchorUse::kGoogleTpm: return {.keys = true, .certificates = true};
    case AnchorUse::kAmdSevLegacy:
    case AnchorUse::kDevelopment:
    case AnchorUse::kArmCca:
    case AnchorUse::kArmPsa:
    case AnchorUse::kAttestResult:
    case AnchorUse::kMicrosoftToken:
    case AnchorUse::kNvidiaToken: return {.keys = true, .certificates = false};
    case AnchorUse::kArmPsaSecret:
    case AnchorUse::kHygon: break;  // its chain is not verified here
  }
  return {.keys = false, .certificates = false};
}

// What the JWK set has for a key ("x5c").
std::optional<Certificate> certificate_of(const VerifyingKey& key, const Collateral& given) {
  const auto& all = given.certificates();
  const auto found = std::ranges::find_if(
      all, [&](const Certificate& one) { return std::ranges::equal(one.key().spki(), key.spki()); });
  return found == all.end() ? std::nullopt : std::optional(*found);
}

struct UseOf {
  std::optional<AnchorUse> operator()(const SgxQuote&) const { return AnchorUse::kIntelSgx; }
  std::optional<AnchorUse> operator()(const TdxQuote&) const { return AnchorUse::kIntelSgx; }
  std::optional<AnchorUse> operator()(const LocalTdReport&) const { return std::nullopt; }
  std::optional<AnchorUse> operator()(const SnpEvidence&) const { return AnchorUse::kAmd; }
  std::optional<AnchorUse> operator()(const AzureCvmEvidence&) const { return std::nullopt; }
  std::optional<AnchorUse> operator()(const NitroDocument&) const { return AnchorUse::kAws; }
  std::optional<AnchorUse> operator()(const TpmEvidence&) const { return AnchorUse::kGoogleTpm; }
  std::optional<AnchorUse> operator()(const CcaToken&) const { return AnchorUse::kArmCca; }
  std::optional<AnchorUse> operator()(const PsaToken&) const { return AnchorUse::kArmPsa; }
  std::optional<AnchorUse> operator()(const EpidQuote&) const { return AnchorUse::kIntelIas; }
  std::optional<AnchorUse> operator()(const IasReport&) const { return AnchorUse::kIntelIas; }
  std::optional<AnchorUse> operator()(const NvidiaEvidence&) const { return AnchorUse::kNvidiaDevice; }
  std::optional<AnchorUse> operator()(const Token& token) const { return anchor_use_of(token.service); }
  std::optional<AnchorUse> operator()(const Ear&) const { return AnchorUse::kAttestResult; }
  std::optional<AnchorUse> operator()(const CsvEvidence&) const { return std::nullopt; }
  std::optional<AnchorUse> operator()(const SeExchange&) const { return std::nullopt; }
  std::optional<AnchorUse> operator()(const SevCertificates&) const { return AnchorUse::kAmdSevLegacy; }
  std::optional<AnchorUse> operator()(const DevelopmentEvidence&) const { return AnchorUse::kDevelopment; }
};

}  // namespace

Result<void> add_trust_root(AnchorUse use, std::string_view name, BytesView bytes, TrustAnchors& anchors) {
  if (use == AnchorUse::kArmPsaSecret) {
    if (bytes.empty()) return invalid("{}: an empty secret", name);
    anchors.secrets.push_back({use, to_bytes(bytes)});
    return {};
  }
  Collateral given;
  TRY(given.add(name, bytes).within(name));
  if (given.keys().empty() && given.certificates().empty()) return invalid("{}: neither a key nor a certificate", name);
  const Believed believed = believed_for(use);
  // In a JWK set certificates only accompany keys: they must not become roots by the way.
  const bool keys = believed.keys && !given.keys().empty();
  const bool certificates =
      believed.certificates && !given.certificates().empty() && !(keys && use == AnchorUse::kGoogleSpace);
  if (!keys && !certificates) {
    return invalid("{}: nothing in it can be trusted for \"{}\", which takes {}", name, name_of(use),
                   believed.keys           ? "public keys"
                   : believed.certificates ? "certificates"
                                           : "no roots: its chain is not verified here");
  }
  for (const Collateral::NamedKey& key : given.keys()) {
    if (keys) anchors.keys.push_back({use, key.key, key.name, certificate_of(key.key, given)});
  }
  for (const Certificate& certificate : given.certificates()) {
    if (certificates) anchors.certificates.push_back({use, certificate});
  }
  return {};
}

Result<void> add_trusted_issuer(std::string_view url, TrustAnchors& anchors) {
  const auto service = service_of_issuer(url);
  if (!service) {
    return invalid(
        "\"{}\" is no issuer of tokens: https://NAME.REGION.attest.azure.net, {} and {} are, written exactly so",
        url.substr(0, 128), kGoogleIssuer, kNvidiaIssuer);
  }
  anchors.issuers.push_back({anchor_use_of(*service), std::string(url)});
  return {};
}

std::optional<AnchorUse> anchor_use_of(const Evidence& evidence) { return std::visit(UseOf(), evidence.body); }

}  // namespace adyton
