// SPDX-License-Identifier: Apache-2.0
#include "subject_key.h"

#include <algorithm>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/params.h>

#include "oids.h"
#include "openssl_unsafe.h"
#include "refuse.h"

namespace device_ca {
namespace {

namespace der = adyton::der;
using adyton::Bytes;
using adyton::BytesView;

constexpr std::size_t kLeastRsaBits = 2048, kMostRsaBits = 8192;
constexpr std::string_view kWhat = "public key";

std::size_t bits_of(BytesView magnitude) {
  if (magnitude.empty()) return 0;
  std::size_t bits = magnitude.size() * 8;
  for (unsigned top = std::to_integer<unsigned>(magnitude[0]); (top & 0x80) == 0; top <<= 1) --bits;
  return bits;
}

bool is_odd(BytesView magnitude) { return !magnitude.empty() && (magnitude.back() & std::byte{1}) != std::byte{0}; }

Result<void> read_rsa(SubjectKey& key) {
  der::Reader outer(key.bits);
  der::Reader reader = TRY(outer.enter(der::kSequence, kWhat));
  key.modulus = TRY(reader.unsigned_integer(kWhat));
  key.exponent = TRY(reader.unsigned_integer(kWhat));
  TRY(reader.end(kWhat));
  TRY(outer.end(kWhat));
  const std::size_t bits = bits_of(key.modulus);
  if (bits < kLeastRsaBits) return denied("weak key: RSA with {} bits; {} are the least", bits, kLeastRsaBits);
  if (bits > kMostRsaBits) return denied("RSA with {} bits; {} are the most", bits, kMostRsaBits);
  if (!is_odd(key.modulus)) return denied("weak key: an even RSA modulus");
  const std::size_t exponent_bits = bits_of(key.exponent);
  if (exponent_bits < 17 || exponent_bits > 32 || !is_odd(key.exponent)) {
    return denied("weak key: an RSA public exponent that is not an odd number of 17 to 32 bits, such as 65537");
  }
  return {};
}

Result<void> read_ec(SubjectKey& key, der::Reader& parameters) {
  if (!parameters.next_is(der::kObjectIdentifier)) {
    return denied("an elliptic curve given by its parameters: use a named curve, P-256 or P-384");
  }
  const BytesView curve = TRY(parameters.object_identifier(kWhat));
  std::size_t field_bytes = 32;
  if (same(curve, oid::kP384)) {
    key.kind = KeyKind::kP384;
    field_bytes = 48;
  } else if (!same(curve, oid::kP256)) {
    return denied("a key on the curve {}: use P-256 or P-384", der::object_identifier_text(curve));
  }
  if (key.bits.size() != 1 + 2 * field_bytes || key.bits[0] != std::byte{4}) {
    return malformed("public key: not an uncompressed point of its curve");
  }
  return {};
}

// OpenSSL's numbers are in the machine's byte order.
Bytes reversed(BytesView magnitude) { return Bytes(magnitude.rbegin(), magnitude.rend()); }

OwnedKey make_rsa(const SubjectKey& key) {
  Bytes modulus = reversed(key.modulus), exponent = reversed(key.exponent);
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, raw_output(modulus), modulus.size()),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, raw_output(exponent), exponent.size()),
      OSSL_PARAM_construct_end(),
  };
  const OwnedKeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* out = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &out, EVP_PKEY_PUBLIC_KEY, const_cast<OSSL_PARAM*>(parameters)) != 1) {
    return nullptr;
  }
  return OwnedKey(out);
}

OwnedKey make_ed25519(const SubjectKey& key) {
  return OwnedKey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(key.bits), key.bits.size()));
}

// A key object of the curve, of which only the point is replaced (which checks that it is on the curve): making one for
// each request would cost a tenth of a certificate.
EVP_PKEY* set_point(const SubjectKey& key) {
  thread_local const OwnedKey p256(EVP_EC_gen("P-256")), p384(EVP_EC_gen("P-384"));
  EVP_PKEY* out = (key.kind == KeyKind::kP256 ? p256 : p384).get();
  return out && EVP_PKEY_set1_encoded_public_key(out, raw(key.bits), key.bits.size()) == 1 ? out : nullptr;
}

const EVP_MD* digest_of(Hash hash) {
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  static const EVP_MD* const sha384 = EVP_MD_fetch(nullptr, "SHA2-384", nullptr);
  static const EVP_MD* const sha512 = EVP_MD_fetch(nullptr, "SHA2-512", nullptr);
  switch (hash) {
    case Hash::kSha256: return sha256;
    case Hash::kSha384: return sha384;
    case Hash::kSha512: return sha512;
    case Hash::kNone: return nullptr;
  }
  return nullptr;
}

}  // namespace

Result<SubjectKey> read_subject_key(der::Reader& reader) {
  const der::Element whole = TRY(reader.element(der::kSequence, kWhat));
  SubjectKey out{.spki = whole.whole};
  der::Reader contents(whole.contents);
  der::Reader algorithm = TRY(contents.enter(der::kSequence, kWhat));
  const BytesView type = TRY(algorithm.object_identifier(kWhat));
  out.bits = TRY(contents.octet_aligned_bits(kWhat));
  TRY(contents.end(kWhat));
  if (same(type, oid::kRsa)) {
    out.kind = KeyKind::kRsa;
    TRY(algorithm.null(kWhat));
    TRY(read_rsa(out));
  } else if (same(type, oid::kEcPublicKey)) {
    TRY(read_ec(out, algorithm));
  } else if (same(type, oid::kEd25519)) {
    out.kind = KeyKind::kEd25519;
    if (out.bits.size() != 32) return malformed("public key: an Ed25519 key of {} bytes", out.bits.size());
  } else {
    return denied("a key of kind {}: use RSA, P-256, P-384 or Ed25519", der::object_identifier_text(type));
  }
  TRY(algorithm.end(kWhat));
  return out;
}

Result<SignatureAlgorithm> read_signature_algorithm(der::Reader& reader) {
  constexpr std::string_view kWhere = "signature algorithm";
  der::Reader algorithm = TRY(reader.enter(der::kSequence, kWhere));
  const BytesView type = TRY(algorithm.object_identifier(kWhere));
  struct Known {
    BytesView type;
    SignatureAlgorithm algorithm;
  };
  static constexpr Known kKnown[] = {
      {oid::kEcdsaWithSha256, {.ecdsa = true, .hash = Hash::kSha256}},
      {oid::kEcdsaWithSha384, {.ecdsa = true, .hash = Hash::kSha384}},
      {oid::kEcdsaWithSha512, {.ecdsa = true, .hash = Hash::kSha512}},
      {oid::kSha256WithRsa, {.rsa = true, .hash = Hash::kSha256}},
      {oid::kSha384WithRsa, {.rsa = true, .hash = Hash::kSha384}},
      {oid::kSha512WithRsa, {.rsa = true, .hash = Hash::kSha512}},
      {oid::kEd25519, {}},
  };
  for (const auto& [known, out] : kKnown) {
    if (!same(type, known)) continue;
    if (out.rsa) TRY(algorithm.null(kWhere));
    TRY(algorithm.end(kWhere));
    return out;
  }
  if (same(type, oid::kSha1WithRsa) || same(type, oid::kEcdsaWithSha1)) {
    return denied("weak signature: made with SHA-1; use SHA-256 or better");
  }
  if (same(type, oid::kMd5WithRsa)) return denied("weak signature: made with MD5; use SHA-256 or better");
  if (same(type, oid::kRsaPss)) return denied("signed with RSA-PSS; sign with PKCS#1 v1.5, which is openssl's default");
  return denied("signed with algorithm {}: use ECDSA or RSA with SHA-256, or Ed25519",
                der::object_identifier_text(type));
}

Result<void> verify_signature(const SubjectKey& key, const SignatureAlgorithm& algorithm, BytesView message,
                              BytesView signature) {
  const bool rsa = key.kind == KeyKind::kRsa;
  const bool ecdsa = key.kind == KeyKind::kP256 || key.kind == KeyKind::kP384;
  if (algorithm.rsa != rsa || algorithm.ecdsa != ecdsa) {
    return refuse(ErrorCode::kUntrusted, "bad signature: its algorithm is not one for this key");
  }
  const OwnedKey owned = rsa ? make_rsa(key) : ecdsa ? nullptr : make_ed25519(key);
  EVP_PKEY* const made = ecdsa ? set_point(key) : owned.get();
  const OwnedDigestContext context(EVP_MD_CTX_new());
  const bool good =
      made && context && EVP_DigestVerifyInit(context.get(), nullptr, digest_of(algorithm.hash), nullptr, made) == 1 &&
      EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(message), message.size()) == 1;
  ERR_clear_error();
  if (!made) return malformed("public key: not a point of its curve, or no key at all");
  if (!good)
    return refuse(ErrorCode::kUntrusted, "bad signature: the request was not signed with its own key, or was altered");
  return {};
}

}  // namespace device_ca
