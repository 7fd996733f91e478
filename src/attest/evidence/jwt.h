// SPDX-License-Identifier: Apache-2.0
// JSON Web Tokens (RFC 7519) in compact form: what attestation services answer with. Form only: who signed is
// verify/jwt.h's.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/result.h>
#include "attest/json.h"
#include "crypto/jws.h"
#include "crypto/x509.h"

namespace adyton {

struct Jwt {
  CompactJws jws;                              // the exact signed bytes
  std::shared_ptr<const Json> header, claims;  // objects
  std::string algorithm_name;                  // "alg" (RFC 7515, 4.1.1)
  JwsAlgorithm algorithm{};
  std::string key_id;                     // "kid" (4.1.4); empty: none
  std::vector<Certificate> certificates;  // "x5c" (4.1.6), the signer's first. Nobody vouches for them by being here
};

inline constexpr std::size_t kMaxJwtCertificates = 8;

// Errors: invalid: not a compact JWS; header or claims no JSON object, or with a name twice; an algorithm that
// jws_algorithm() does not know, so "none" too; "crit", as nothing critical is understood here; "b64" (RFC 7797);
// more certificates than kMaxJwtCertificates, or ones that are none. exhausted: too large.
Result<Jwt> parse_jwt(std::string_view text, JsonLimits limits = {.bytes = std::size_t{1} << 20});

// Whether the text starts as a JWT does: base64url of "{" and a quotation mark or white space, and has two dots.
bool looks_like_jwt(std::string_view text);

// A file's text without the line break and white space at its end.
std::string_view without_line_end(std::string_view text);

}  // namespace adyton
