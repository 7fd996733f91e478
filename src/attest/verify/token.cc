// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/token.h"

#include <algorithm>
#include <array>

#include "attest/verify/chain.h"
#include "attest/verify/chain_checks.h"
#include "attest/verify/jwt.h"
#include "attest/verify/token_claims.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/utc.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

constexpr std::string_view kGoogleIssuer = "https://confidentialcomputing.googleapis.com";
constexpr std::string_view kNvidiaIssuer = "https://nras.attestation.nvidia.com";

// Open Enclave's extensions with a quote: 1.3.6.1.4.1.311.105.1, and 1.2.840.113556.10.1.1 before it.
constexpr std::array<std::uint8_t, 9> kEvidence = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x69, 0x01};
constexpr std::array<std::uint8_t, 10> kReport = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x14, 0x01, 0x0a, 0x01, 0x01};

std::string_view issuer_of(const Jwt& jwt) { return text_of(find(jwt.claims.get(), "iss")).value_or(""); }

// https://NAME[.REGION...].attest.azure.net, or that of one of the national clouds, and nothing more.
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

bool is_issuer(TokenService service, std::string_view issuer) {
  switch (service) {
    case TokenService::kMicrosoft: return is_microsoft_issuer(issuer);
    case TokenService::kGoogle: return issuer == kGoogleIssuer;
    case TokenService::kNvidia: return issuer == kNvidiaIssuer;
  }
  return false;
}

void check_issuer(const Token& token, Findings& findings) {
  const std::string_view issuer = issuer_of(token.jwt);
  if (is_issuer(token.service, issuer)) {
    findings.pass(kTokenIssuer, std::string(issuer));
  } else {
    findings.fail(kTokenIssuer,
                  fmt::format("\"{}\" is not how {} names itself", issuer.substr(0, 128), name_of(token.service)));
  }
}

std::string where_keys_are(const Token& token) {
  const std::string_view issuer = issuer_of(token.jwt);
  switch (token.service) {
    case TokenService::kMicrosoft:
      return is_microsoft_issuer(issuer) ? fmt::format("the service has its JWK set at {}/certs", issuer)
                                         : "the service has its JWK set at its address with /certs";
    case TokenService::kGoogle:
      return "Google has its JWK set at https://www.googleapis.com/service_accounts/v1/metadata/jwk/"
             "signer@confidentialspace-sign.iam.gserviceaccount.com";
    case TokenService::kNvidia:
      return "NVIDIA has its JWK set at https://nras.attestation.nvidia.com/.well-known/jwks.json";
  }
  return {};
}

// Google's PKI tokens: the first certificate's key signed, and its chain ends at Google's root.
bool check_certified_signature(const Jwt& jwt, const VerifyContext& context, Findings& findings) {
  const Certificate& leaf = jwt.certificates[0];
  const ChainRules rules{
      .use = AnchorUse::kGoogleSpace,
      .what = kTokenChain,
      .roles = {"Confidential Space leaf", "Confidential Space intermediate CA", "Confidential Space root CA"},
      .leaf_signs = true};
  const bool trusted = verify_chain(leaf, jwt.certificates, rules, context, findings);
  const auto verified = verify_compact_jws(jwt.jws, jwt.algorithm, leaf.key(), context.seen);
  if (!verified) {
    findings.fail(kTokenSignature,
                  fmt::format("the {} signature over the token was not made by its first certificate's key: {}",
                              jwt.algorithm_name, verified.error().message));
  } else if (!trusted) {
    findings.note(kTokenSignature, "made by the first certificate's key, for which no trusted root vouches");
  } else {
    findings.pass(kTokenSignature, fmt::format("{} by {}", jwt.algorithm_name, leaf.subject().text));
  }
  return verified && trusted;
}

// Microsoft's keys come with certificates, some of which carry the quote of the enclave that made the key.
void note_key_certificate(const Token& token, const VerifyContext& context, Findings& findings) {
  for (const auto& named : context.collateral.keys()) {
    if (token.jwt.key_id.empty() || named.name != token.jwt.key_id) continue;
    for (const Certificate& certificate : context.collateral.certificates()) {
      if (!std::ranges::equal(certificate.key().spki(), named.key.spki())) continue;
      if (context.now < certificate.not_before() || context.now > certificate.not_after()) {
        findings.out_of_time(kTokenKey,
                             fmt::format("the certificate of the key is valid from {} to {}",
                                         utc_text(certificate.not_before()), utc_text(certificate.not_after())));
      }
      if (const auto quote = sgx_quote_of(certificate)) {
        findings.note(
            kTokenKey,
            fmt::format("the certificate of the key carries an SGX quote of {} bytes, which is not checked here",
                        quote->size()));
      }
      return;
    }
  }
}

bool check_signature(const Token& token, const Jwt& jwt, const VerifyContext& context, Findings& findings) {
  if (token.service == TokenService::kGoogle && !jwt.certificates.empty()) {
    return check_certified_signature(jwt, context, findings);
  }
  return check_jwt_signature(jwt, SignerKeys::kAnchorsAndCollateral, where_keys_are(token), context, findings);
}

// RFC 9711, 4.2.18.2: the digest is over the detached claims set as it is sent, here a whole JWT.
void check_digest(const Token& token, const Token::Device& device, Findings& findings) {
  const auto found = std::ranges::find(token.digests, device.name, &Token::SubmoduleDigest::name);
  if (found == token.digests.end()) {
    return findings.fail(kTokenSubmodule, fmt::format("the overall token does not name {}", device.name));
  }
  const BytesView text = as_bytes(device.jwt.jws.text);
  Bytes digest;
  if (found->algorithm == "SHA-256" || found->algorithm == "SHA256") {
    digest = to_bytes(sha256(text));
  } else if (found->algorithm == "SHA-384" || found->algorithm == "SHA384") {
    digest = to_bytes(sha384(text));
  } else {
    return findings.fail(kTokenSubmodule, fmt::format("the digest of {} is made with {}, which is not known here",
                                                      device.name, found->algorithm.substr(0, 32)));
  }
  if (digest == found->digest) {
    findings.pass(kTokenSubmodule,
                  fmt::format("the {} of {} is what the overall token says", found->algorithm, device.name));
  } else {
    findings.fail(kTokenSubmodule, fmt::format("the {} of {} is {}, but the overall token says {}", found->algorithm,
                                               device.name, to_hex(digest), to_hex(found->digest)));
  }
}

void check_same(const Token& token, const Token::Device& device, std::string_view claim, Findings& findings) {
  const Json* overall = find(token.jwt.claims.get(), claim);
  const Json* own = find(device.jwt.claims.get(), claim);
  if (!overall && !own) return;
  if (!overall || !own || *overall != *own) {
    findings.fail(kTokenSubmodule, fmt::format("{} of {} is not that of the overall token", claim, device.name));
  }
}

// "success" in the service's tokens, "Success" in the schema of NVIDIA's SDK.
void check_measurements(const Token::Device& device, Findings& findings) {
  const std::string_view result = text_of(find(device.jwt.claims.get(), "measres")).value_or("");
  if (result == "success" || result == "Success") {
    findings.pass(kTokenResult, fmt::format("the measurements of {} are as the service expects them", device.name));
  } else {
    findings.fail(kTokenResult,
                  fmt::format("the service says of the measurements of {}: \"{}\"", device.name, result.substr(0, 64)));
  }
}

void check_devices(const Token& token, const VerifyContext& context, Findings& findings) {
  const auto overall = boolean_of(find(token.jwt.claims.get(), "x-nvidia-overall-att-result"));
  if (overall == true) {
    findings.pass(kTokenResult, "the service found everything in order");
  } else {
    findings.fail(kTokenResult,
                  overall ? "the service says that the attestation failed" : "the token has no overall result");
  }
  for (const Token::SubmoduleDigest& digest : token.digests) {
    if (std::ranges::find(token.devices, digest.name, &Token::Device::name) != token.devices.end()) continue;
    findings.miss(kTokenSubmodule,
                  fmt::format("the token of {}, which the overall token names, is not in the bundle", digest.name));
  }
  for (const Token::Device& device : token.devices) {
    Findings part;
    check_digest(token, device, part);
    check_signature(token, device.jwt, context, part);
    check_jwt_times(device.jwt, context, part);
    check_same(token, device, "iss", part);
    check_same(token, device, "eat_nonce", part);
    check_measurements(device, part);
    read_nvidia_device_claims(*device.jwt.claims, part);
    findings.parts.push_back({device.name, std::move(part)});
  }
}

}  // namespace

Findings verify_token(const Token& token, const VerifyContext& context) {
  Findings findings;
  check_signature(token, token.jwt, context, findings);
  check_issuer(token, findings);
  check_jwt_times(token.jwt, context, findings);
  switch (token.service) {
    case TokenService::kMicrosoft:
      note_key_certificate(token, context, findings);
      read_microsoft_claims(*token.jwt.claims, findings);
      break;
    case TokenService::kGoogle: read_google_claims(*token.jwt.claims, findings); break;
    case TokenService::kNvidia:
      read_nvidia_device_claims(*token.jwt.claims, findings);
      findings.claims.platform = "nvidia";
      check_devices(token, context, findings);
      break;
  }
  return findings;
}

std::optional<Bytes> sgx_quote_of(const Certificate& certificate) {
  auto extension = certificate.extension(std::as_bytes(std::span(kEvidence)));
  if (!extension) extension = certificate.extension(std::as_bytes(std::span(kReport)));
  if (!extension) return {};
  // Open Enclave's header: version 1, type 2 (remote), the quote's size.
  constexpr std::size_t kHeader = 16;
  const BytesView bytes = *extension;
  if (bytes.size() > kHeader && load_le<std::uint32_t>(bytes, 0) == 1 && load_le<std::uint32_t>(bytes, 4) == 2 &&
      load_le<std::uint64_t>(bytes, 8) <= bytes.size() - kHeader) {
    return to_bytes(bytes.subspan(kHeader, load_le<std::uint64_t>(bytes, 8)));
  }
  return to_bytes(bytes);
}

}  // namespace adyton
