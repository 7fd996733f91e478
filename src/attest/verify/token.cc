// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/token.h"

#include <algorithm>

#include "attest/verify/chain.h"
#include "attest/verify/chain_checks.h"
#include "attest/verify/jwt.h"
#include "attest/verify/token_claims.h"
#include "attest/verify/token_issuer.h"
#include "attest/verify/token_key.h"
#include "base/error.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

std::string_view issuer_of(const Jwt& jwt) { return text_of(find(jwt.claims.get(), "iss")).value_or(""); }

std::string_view without_scheme(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  if (url.starts_with(kScheme)) url.remove_prefix(kScheme.size());
  return url.substr(0, 128);
}

bool is_named(std::string_view issuer, AnchorUse use, const VerifyContext& context) {
  return std::ranges::any_of(context.anchors.issuers, [&](const TrustAnchors::Issuer& named) {
    return named.use == use && named.url == issuer;
  });
}

// Details of what is missing name an address only where it is worth asking: addresses there are what --fetch asks.
void check_issuer(const Token& token, const VerifyContext& context, Findings& findings) {
  const std::string_view issuer = issuer_of(token.jwt);
  const AnchorUse use = anchor_use_of(token.service);
  if (service_of_issuer(issuer) != token.service) {
    findings.fail(kTokenIssuer,
                  fmt::format("\"{}\" is not how {} names itself", issuer.substr(0, 128), name_of(token.service)));
  } else if (std::ranges::find(context.anchors.issuers, use, &TrustAnchors::Issuer::use) !=
                 context.anchors.issuers.end() &&
             !is_named(issuer, use, context)) {
    findings.miss(
        kTokenIssuer,
        fmt::format("{} issued the token, but tokens are wanted of others: nobody vouches for this issuer. If "
                    "it is wanted too, name it with --trust-issuer",
                    without_scheme(issuer)));
  } else {
    findings.pass(kTokenIssuer, std::string(issuer));
  }
}

// Whose keys count: those that the caller trusts for such tokens, and, of an issuer that the caller named, those that
// its own address answered with.
const VerifyingKey* check_given_keys(const Token& token, const Jwt& jwt, const VerifyContext& context,
                                     Findings& findings) {
  const std::string_view issuer = issuer_of(jwt);
  const AnchorUse use = anchor_use_of(token.service);
  const bool known = service_of_issuer(issuer) == token.service;
  const std::string address = known ? key_set_address(token.service, issuer) : std::string();
  if (known && is_named(issuer, use, context)) {
    return check_jwt_signature(jwt, {use, address}, fmt::format("its issuer has its JWK set at {}", address), context,
                               findings);
  }
  const std::string wanted = fmt::format(
      "name its issuer with --trust-issuer, to ask it with --fetch, or its JWK set with --trust-root {}=FILE",
      name_of(use));
  const VerifyingKey* key = check_jwt_signature(jwt, {use, {}}, wanted, context, findings);
  if (key == nullptr && known) {
    findings.note(kTokenSignature, fmt::format("the issuer that the token names has its JWK set at {}", address));
  }
  return key;
}

// Google's PKI tokens: the first certificate's key signed, and its chain ends at Google's root.
void check_certified_signature(const Jwt& jwt, const VerifyContext& context, Findings& findings) {
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
}

// Null: nobody who is believed signed, or Google's certificates say who did.
const VerifyingKey* check_signature(const Token& token, const Jwt& jwt, const VerifyContext& context,
                                    Findings& findings) {
  if (token.service == TokenService::kGoogle && !jwt.certificates.empty()) {
    check_certified_signature(jwt, context, findings);
    return nullptr;
  }
  return check_given_keys(token, jwt, context, findings);
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
  const VerifyingKey* key = check_signature(token, token.jwt, context, findings);
  check_issuer(token, context, findings);
  check_jwt_times(token.jwt, context, findings);
  switch (token.service) {
    case TokenService::kMicrosoft:
      if (key != nullptr) check_key_certificate(*key, context, findings);
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

}  // namespace adyton
