// SPDX-License-Identifier: Apache-2.0
#include "image/signature.h"

#include <algorithm>

#include "base/error.h"
#include "crypto/cose.h"

namespace adyton {
namespace {

constexpr std::string_view kContentType = "application/vnd.adyton.image-digest";
constexpr std::int64_t kSignerKey = -65537;  // an unprotected header of private use (RFC 9052, 11.1)

// The key identifier binds the signature to the key: nobody can put another key beside it that it happens to fit.
Bytes protected_headers(const PublicKey& signer) {
  cbor::MapWriter headers;
  headers.key(kCoseAlgorithm).integer(cose_algorithm_of(signer.kind()));
  headers.key(kCoseContentType).text(kContentType);
  headers.key(kCoseKeyId).bytes(signer.fingerprint());
  return cbor::Writer().map(headers).encoded();
}

Bytes unprotected_headers(const PublicKey& signer) {
  cbor::MapWriter headers;
  headers.key(kSignerKey).bytes(signer.der());
  return cbor::Writer().map(headers).encoded();
}

}  // namespace

Bytes image_to_be_signed(const Digest384& digest, const PublicKey& signer) {
  return cose_to_be_signed(protected_headers(signer), digest);
}

Bytes encode_image_signature(const PublicKey& signer, BytesView signature) {
  return encode_cose_sign1({.protected_headers = protected_headers(signer),
                            .unprotected_headers = unprotected_headers(signer),
                            .payload = {},
                            .signature = to_bytes(signature)});
}

Result<PublicKey> verify_image_signature(BytesView encoded, const Digest384& digest) {
  const CoseSign1 message = TRY(parse_cose_sign1(encoded));
  const auto key = TRY(find_cose_header(message.unprotected_headers, kSignerKey));
  if (!key) return invalid("the signer's public key is missing");
  const BytesView spki = TRY(cbor::Reader(*key).read_bytes());
  PublicKey signer = TRY(PublicKey::parse_der(spki).within("the signer's public key"));
  if (message.protected_headers != protected_headers(signer)) {
    return untrusted("the signature is for another key, algorithm or content than it says");
  }
  // With the protected headers known, all else must be as encode_image_signature() makes it.
  if (!std::ranges::equal(encode_image_signature(signer, message.signature), encoded)) {
    return invalid("an image's signature carries its key and nothing else");
  }
  TRY(verify_cose_sign1(message, signer, digest));
  return signer;
}

}  // namespace adyton
