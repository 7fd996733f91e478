// SPDX-License-Identifier: Apache-2.0
#include "testing/fake_cose.h"

#include <cstdlib>

#include "crypto/cose.h"

namespace adyton::testing {
namespace {

constexpr std::int64_t kPs256 = -37, kPs384 = -38, kPs512 = -39;

std::int64_t usual_algorithm_number(KeyType type) {
  switch (type) {
    case KeyType::kP256: return -7;
    case KeyType::kP384: return -35;
    case KeyType::kP521: return -36;
    case KeyType::kEd25519: return -8;
    case KeyType::kRsa: return kPs256;
  }
  std::abort();
}

SignatureAlgorithm signature_algorithm(KeyType type, std::int64_t number) {
  switch (type) {
    case KeyType::kP256: return SignatureAlgorithm::kEcdsaSha256;
    case KeyType::kP384: return SignatureAlgorithm::kEcdsaSha384;
    case KeyType::kP521: return SignatureAlgorithm::kEcdsaSha512;
    case KeyType::kEd25519: return SignatureAlgorithm::kEd25519;
    case KeyType::kRsa:
      return number == kPs384   ? SignatureAlgorithm::kRsaPssSha384
             : number == kPs512 ? SignatureAlgorithm::kRsaPssSha512
                                : SignatureAlgorithm::kRsaPssSha256;
  }
  std::abort();
}

Bytes headers_of(std::int64_t algorithm) {
  cbor::MapWriter map;
  map.key(kCoseAlgorithm).integer(algorithm);
  return cbor::Writer().map(map).encoded();
}

}  // namespace

Bytes fake_sign1(BytesView payload, const SigningKey& key, const FakeCoseOptions& options) {
  const KeyType type = key.verifying_key().type();
  const std::int64_t algorithm = options.algorithm.value_or(usual_algorithm_number(type));
  CoseSign1 message;
  message.protected_headers = headers_of(algorithm);
  message.unprotected_headers = cbor::Writer().map({}).encoded();
  message.payload = to_bytes(payload);
  Bytes signed_bytes = cose_to_be_signed(message.protected_headers, payload, options.external);
  if (options.other_message) signed_bytes.push_back(std::byte{0});
  message.signature = key.sign(signature_algorithm(type, algorithm), signed_bytes, EcdsaForm::kRaw).value();
  Bytes out = encode_cose_sign1(message);
  if (!options.tagged) out.erase(out.begin());  // the tag 18 is one byte
  return out;
}

Bytes fake_mac0(BytesView payload, BytesView secret, HmacHash hash) {
  const std::int64_t algorithm = hash == HmacHash::kSha256 ? 5 : hash == HmacHash::kSha384 ? 6 : 7;
  const Bytes headers = headers_of(algorithm);
  const Bytes structure = cbor::Writer().array(4).text("MAC0").bytes(headers).bytes({}).bytes(payload).encoded();
  const Bytes code = hmac(hash, secret, structure).value();
  return cbor::Writer().tag(17).array(4).bytes(headers).map({}).bytes(payload).bytes(code).encoded();
}

Bytes fake_point(const VerifyingKey& key) {
  const std::size_t size = 1 + 2 * ((key.bits() + 7) / 8);
  return to_bytes(key.spki().last(size));
}

Bytes fake_cose_key(const VerifyingKey& key) {
  const Bytes point = fake_point(key);
  const std::size_t field = point.size() / 2;
  cbor::MapWriter map;
  map.key(1).integer(2);
  map.key(-1).integer(key.type() == KeyType::kP256 ? 1 : key.type() == KeyType::kP384 ? 2 : 3);
  map.key(-2).bytes(BytesView(point).subspan(1, field));
  map.key(-3).bytes(BytesView(point).subspan(1 + field));
  return cbor::Writer().map(map).encoded();
}

}  // namespace adyton::testing
