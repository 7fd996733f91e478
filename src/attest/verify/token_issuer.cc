// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/token_issuer.h"

#include <algorithm>

namespace adyton {
namespace {

bool is_microsoft_issuer(std::string_view issuer) {
  constexpr std::string_view kScheme = "https://";
  if (!issuer.starts_with(kScheme)) return false;
  issuer.remove_prefix(kScheme.size());
  const bool host = std::ranges::all_of(
      issuer, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; });
  for (const std::string_view domain : {".attest.azure.net", ".attest.azure.us", ".attest.azure.cn"}) {
    if (host && issuer.size() > domain.size() && issuer.ends_with(domain)) return true;
  }
  return false;
}

}  // namespace

std::optional<TokenService> service_of_issuer(std::string_view issuer) {
  if (issuer == kGoogleIssuer) return TokenService::kGoogle;
  if (issuer == kNvidiaIssuer) return TokenService::kNvidia;
  if (is_microsoft_issuer(issuer)) return TokenService::kMicrosoft;
  return std::nullopt;
}

AnchorUse anchor_use_of(TokenService service) {
  switch (service) {
    case TokenService::kMicrosoft: return AnchorUse::kMicrosoftToken;
    case TokenService::kGoogle: return AnchorUse::kGoogleSpace;
    case TokenService::kNvidia: break;
  }
  return AnchorUse::kNvidiaToken;
}

std::string key_set_address(TokenService service, std::string_view issuer) {
  switch (service) {
    case TokenService::kMicrosoft: return std::string(issuer) + "/certs";
    case TokenService::kGoogle:
      return "https://www.googleapis.com/service_accounts/v1/metadata/jwk/"
             "signer@confidentialspace-sign.iam.gserviceaccount.com";
    case TokenService::kNvidia: break;
  }
  return std::string(kNvidiaIssuer) + "/.well-known/jwks.json";
}

bool is_key_set_address(std::string_view url) {
  for (const TokenService service : {TokenService::kGoogle, TokenService::kNvidia}) {
    if (url == key_set_address(service, "")) return true;
  }
  constexpr std::string_view kCerts = "/certs";
  return url.ends_with(kCerts) && is_microsoft_issuer(url.substr(0, url.size() - kCerts.size()));
}

}  // namespace adyton
