// SPDX-License-Identifier: Apache-2.0
// Any text as a compact JSON Web Signature and as a JSON Web Token: what parses encodes as the same text again, names
// an algorithm that is accepted, and does not verify under a key that never signed anything.
#include <cstdlib>

#include "attest/evidence/jwt.h"
#include "base/base64.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  static const VerifyingKey key =
      VerifyingKey::parse_spki(PrivateKey::generate(KeyKind::kP256).value().public_key().der()).value();
  const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  const auto jws = parse_compact_jws(text);
  if (!jws) return 0;
  if (to_base64url(jws->header) + "." + to_base64url(jws->payload) + "." + to_base64url(jws->signature) != text)
    std::abort();
  if (verify_compact_jws(*jws, jws_algorithm("ES256").value(), key)) std::abort();
  const auto jwt = parse_jwt(text);
  if (jwt && (!jws_algorithm(jwt->algorithm_name) || !jwt->claims->is_object())) std::abort();
  return 0;
}
