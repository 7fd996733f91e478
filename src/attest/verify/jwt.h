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

// Whose keys count.
struct TokenSigners {
  AnchorUse use;        // keys of TrustAnchors for this
  std::string key_set;  // and keys of the collateral that were had from this address; empty: none of them
};

// Checks the signature with the keys that count: first those of the token's "kid", then all others of the right type
// (at most kMaxSignerKeys are tried). Adds a kTokenSignature check: passed; failed, when the key of that "kid" did not
// make it, or the token names no key and none of those that count made it; missing otherwise, with `wanted` for whose
// key is missing, and whether a key in the collateral would fit, which alone makes nobody believed. What the token
// itself brings ("jwk", "jku", "x5u", "x5c") is never used. Returns the key that made it; null: none.
const VerifyingKey* check_jwt_signature(const Jwt& jwt, const TokenSigners& signers, std::string_view wanted,
                                        const VerifyContext& context, Findings& findings);
inline constexpr std::size_t kMaxSignerKeys = 64;

// Likewise for any message: `verifies` tells whether a key made the signature over it.
const VerifyingKey* check_signature_by_given_keys(std::string_view key_id, KeyType type, std::string_view algorithm,
                                                  const TokenSigners& signers, std::string_view wanted,
                                                  const VerifyContext& context, Findings& findings,
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
