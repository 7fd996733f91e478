// SPDX-License-Identifier: Apache-2.0
// JSON Web Signatures in compact form (RFC 7515, 3.1): three pieces of base64url and the bytes that are signed. What
// the header says is JSON, and read by who uses it (attest/evidence/jwt.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/keys.h"
#include "crypto/signature.h"

namespace adyton {

struct CompactJws {
  std::string text;             // "header.payload.signature", exactly as it came
  std::size_t signed_size = 0;  // of its part up to the second dot, over which the signature is
  Bytes header, payload, signature;
  [[nodiscard]] BytesView signed_part() const { return as_bytes(text).first(signed_size); }
};

// Exactly one token and nothing around it: two dots, strict base64url without padding between them, no piece empty.
// Errors: invalid; exhausted, above `max_size` bytes.
Result<CompactJws> parse_compact_jws(std::string_view text, std::size_t max_size = std::size_t{1} << 20);

// An algorithm of RFC 7518, 3.1 or RFC 8037, 3.1 that has a public key ("ES256", "PS384", "EdDSA"), and the one type of
// key that makes it. Nothing for every other name: "none" and the symmetric ones above all.
struct JwsAlgorithm {
  SignatureAlgorithm algorithm;
  KeyType key_type;
};
std::optional<JwsAlgorithm> jws_algorithm(std::string_view name);

// Whether `key` made the signature. Errors: untrusted, if it did not; invalid, if its type is not the algorithm's.
Result<void> verify_compact_jws(const CompactJws& jws, JwsAlgorithm algorithm, const VerifyingKey& key,
                                SeenSignatures* seen = nullptr);

// The name of the algorithm that a key of Adyton's own signs with (crypto/keys.h).
std::string_view jws_algorithm_name(KeyKind kind);

// Signs. `header` is JSON and names the key's algorithm: that is the caller's part.
Result<std::string> make_compact_jws(std::string_view header, BytesView payload, const PrivateKey& key);

}  // namespace adyton
