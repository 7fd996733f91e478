// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/token.h"

#include <algorithm>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::string_view kGoogleIssuer = "https://confidentialcomputing.googleapis.com";

Result<TokenService> service_of(const Json* claims) {
  const std::string_view issuer = text_of(find(claims, "iss")).value_or("");
  if (issuer == kGoogleIssuer) return TokenService::kGoogle;
  if (find(claims, "x-nvidia-ver") || find(claims, "x-nvidia-overall-att-result")) return TokenService::kNvidia;
  if (find(claims, "x-ms-ver") || find(claims, "x-ms-attestation-type")) return TokenService::kMicrosoft;
  return invalid("its issuer (\"{}\") is no attestation service that is known here", issuer.substr(0, 80));
}

// "submods": {"GPU-0": ["DIGEST", ["SHA-256", "<hex>"]]}. Other kinds of submodules are not NVIDIA's.
Result<void> read_digests(Token& out) {
  const Json* submodules = find(out.jwt.claims.get(), "submods");
  if (!submodules) return {};
  if (!submodules->is_object()) return invalid("submods is not an object");
  if (submodules->size() > kMaxTokenDevices) return exhausted("{} submodules", submodules->size());
  for (const auto& [name, value] : submodules->items()) {
    const bool pair = value.is_array() && value.size() == 2 && text_of(&value[0]) == "DIGEST" && value[1].is_array() &&
                      value[1].size() == 2;
    const auto algorithm = pair ? text_of(&value[1][0]) : std::nullopt;
    const auto digest = pair ? text_of(&value[1][1]) : std::nullopt;
    if (!algorithm || !digest) return invalid("the submodule {} is not a digest", name);
    Bytes bytes = TRY(parse_hex(*digest).within("digest of " + name));
    out.digests.push_back({name, std::string(*algorithm), std::move(bytes)});
  }
  return {};
}

Result<Token> parse_one(std::string_view text) {
  Jwt jwt = TRY(parse_jwt(text));
  const TokenService service = TRY(service_of(jwt.claims.get()));
  Token out{service, std::move(jwt), {}, {}};
  if (service == TokenService::kNvidia) TRY(read_digests(out));
  return out;
}

Result<Token> parse_bundle(const Json& bundle) {
  if (bundle.size() != 2 || !bundle[0].is_array() || bundle[0].size() != 2 || text_of(&bundle[0][0]) != "JWT" ||
      !bundle[0][1].is_string() || !bundle[1].is_object()) {
    return invalid("not [[\"JWT\", token], {{name: token}}]");
  }
  Token out = TRY(parse_one(*text_of(&bundle[0][1])));
  if (out.service != TokenService::kNvidia) return invalid("a bundle, but not of NVIDIA's service");
  if (bundle[1].size() > kMaxTokenDevices) return exhausted("{} devices", bundle[1].size());
  for (const auto& [name, value] : bundle[1].items()) {
    if (!value.is_string()) return invalid("{} is not a token", name);
    Jwt jwt = TRY(parse_jwt(*text_of(&value)).within(name));
    out.devices.push_back({name, std::move(jwt)});
  }
  return out;
}

Result<Token> parse(std::string_view text) {
  text = without_line_end(text);
  if (looks_like_jwt(text)) return parse_one(text);
  const Json json = TRY(parse_json(text, {.bytes = std::size_t{1} << 20}));
  if (json.is_array()) return parse_bundle(json);
  const auto token = text_of(find(&json, "token"));
  if (!token || json.size() != 1) return invalid("neither a JWT nor a bundle of them");
  return parse_one(*token);
}

}  // namespace

std::string_view name_of(TokenService service) {
  switch (service) {
    case TokenService::kMicrosoft: return "Microsoft Azure Attestation";
    case TokenService::kGoogle: return "Google Confidential Space";
    case TokenService::kNvidia: return "NVIDIA Remote Attestation Service";
  }
  return "unknown";
}

Result<Token> parse_token(BytesView bytes) { return parse(as_text(bytes)).within("not an attestation token"); }

bool looks_like_token(BytesView bytes) {
  std::string_view text = as_text(bytes);
  if (looks_like_jwt(text)) return true;
  text = text.substr(0, 64);  // the front is enough
  std::string dense;
  std::ranges::copy_if(text, std::back_inserter(dense),
                       [](char c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; });
  return dense.starts_with(R"([["JWT","ey)") || dense.starts_with(R"({"token":"ey)");
}

}  // namespace adyton
