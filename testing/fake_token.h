// SPDX-License-Identifier: Apache-2.0
// JSON Web Tokens for tests: any header and any claims, signed with any key.
#pragma once

#include <string>
#include <string_view>

#include "base/base64.h"
#include "crypto/signing_key.h"

namespace adyton::testing {

// `header` and `claims` are taken as they are, JSON or not.
inline std::string fake_jwt(std::string_view header, std::string_view claims, const SigningKey& key,
                            SignatureAlgorithm algorithm) {
  const std::string text = to_base64url(as_bytes(header)) + "." + to_base64url(as_bytes(claims));
  return text + "." + to_base64url(key.sign(algorithm, as_bytes(text), EcdsaForm::kRaw).value());
}

}  // namespace adyton::testing
