// SPDX-License-Identifier: Apache-2.0
// Who signed a JSON Web Token, and whether it holds at a time: what verify/token.h and verify/ear.h have in common.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "attest/evidence/jwt.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// Names of the checks.
inline constexpr std::string_view kTokenSignature = "token signature";
inline constexpr std::string_view kTokenValidity = "token validity";

// Where the key that signed may come from.
enum class SignerKeys : std::uint8_t {
  kAnchors,               // TrustAnchors::keys
  kAnchorsAndCollateral,  // Collateral::keys() as well: then a JWK set in the collateral is the caller's statement of
                          // trust
};

// Checks the signature with the keys that the caller gave: first those of the token's "kid", then all others of the
// right type (at most kMaxSignerKeys are tried). Adds a kTokenSignature check: passed; failed, when the key of that
// "kid" did not make it, or the token names no key and none of those given made it; missing otherwise, with `where` for
// where keys are to be had. What the token itself brings ("jwk", "jku", "x5u", "x5c") is never used.
bool check_jwt_signature(const Jwt& jwt, SignerKeys keys, std::string_view where, const VerifyContext& context,
                         Findings& findings);
inline constexpr std::size_t kMaxSignerKeys = 64;

// Likewise for any message: `verifies` tells whether a key made the signature over it.
bool check_signature_by_given_keys(std::string_view key_id, KeyType type, std::string_view algorithm, SignerKeys keys,
                                   std::string_view where, const VerifyContext& context, Findings& findings,
                                   const std::function<bool(const VerifyingKey&)>& verifies);

// RFC 7519, 4.1.4 to 4.1.6, as seconds since 1970; nothing: the claim is absent.
struct TokenTimes {
  std::optional<std::int64_t> expires, not_before, issued;
};

// Adds kTokenValidity checks: out of time from `expires` on and before `not_before` and `issued`; failed, if there is
// no `expires` and there has to be one.
void check_times(const TokenTimes& times, bool needs_expiry, const VerifyContext& context, Findings& findings);
// Those of a token that has to expire; failed as well, if one of them is there and no time.
void check_jwt_times(const Jwt& jwt, const VerifyContext& context, Findings& findings);

// All members of an object as fields, those of objects within it as "outer.inner", lists as JSON. At most 512, and
// none whose name has more than 512 characters.
void add_json_fields(const Json& object, std::string_view prefix, Findings& findings);

}  // namespace adyton
