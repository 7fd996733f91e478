// SPDX-License-Identifier: Apache-2.0
#include "crypto/signature.h"

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include <adyton/der.h>
#include "base/cursor.h"
#include "base/error.h"
#include "crypto/crypto.h"
#include "crypto/openssl.h"
#include "crypto/seen_signatures.h"
#include "crypto/signature_algorithm.h"
#include "crypto/x509.h"

namespace adyton {
namespace {

constexpr std::size_t kMinRsaBits = 2048, kMaxRsaBits = 8192;
constexpr std::size_t kMaxExponentBytes = 8;  // a longer one only costs time
constexpr std::size_t kEd25519Bytes = 32;
constexpr std::byte kUncompressed{0x04};  // SEC 1, 2.3.3

// Identifiers of kinds of keys: RFC 3279, 2.3.1 and 2.3.5; RFC 8410, 3.
constexpr std::uint8_t kRsaEncryption[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
constexpr std::uint8_t kEcPublicKey[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
constexpr std::uint8_t kEd25519Arcs[] = {0x2b, 0x65, 0x70};

BytesView oid(std::span<const std::uint8_t> arcs) { return std::as_bytes(arcs); }

// SubjectPublicKeyInfo: the algorithm, what `parameters` writes after its identifier, and the key's bits.
template <class Parameters>
Bytes make_spki(BytesView algorithm, BytesView key, Parameters&& parameters) {
  der::Writer writer;
  writer.nested(der::kSequence, [&] {
    writer.nested(der::kSequence, [&] {
      writer.element(der::kObjectIdentifier, algorithm);
      parameters(writer);
    });
    writer.bit_string(key);
  });
  return writer.take();
}

Result<OwnedKey> key_from(const char* kind, std::span<OSSL_PARAM> parameters) {
  const OwnedKeyContext context(EVP_PKEY_CTX_new_from_name(openssl_library(), kind, nullptr));
  EVP_PKEY* made = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.data()) != 1) {
    return openssl_error(ErrorCode::kInvalid, fmt::format("not a public key of the kind {}", kind));
  }
  return OwnedKey(made);
}

BytesView without_leading_zeros(BytesView number) {
  while (!number.empty() && number[0] == std::byte{0}) number = number.subspan(1);
  return number;
}

Bytes reversed(BytesView bytes) { return Bytes(bytes.rbegin(), bytes.rend()); }

}  // namespace

struct VerifyingKey::Impl {
  KeyType type;
  unsigned bits;
  Bytes spki;
  Digest256 spki_digest;
  OwnedKey key;

  Impl(KeyType type_, unsigned bits_, Bytes spki_, OwnedKey key_)
      : type(type_), bits(bits_), spki(std::move(spki_)), spki_digest(sha256(spki)), key(std::move(key_)) {}

  // A context ready to verify, to be copied: making one looks algorithms up by name, which costs more than some
  // signatures. Null when OpenSSL cannot.
  [[nodiscard]] const EVP_MD_CTX* prepared(SignatureAlgorithm algorithm) const {
    Prepared& slot = prepared_[static_cast<std::size_t>(algorithm)];
    std::call_once(slot.once, [&] {
      OwnedDigestContext context(EVP_MD_CTX_new());
      EVP_PKEY_CTX* parameters = nullptr;  // owned by the context
      if (context &&
          EVP_DigestVerifyInit_ex(context.get(), &parameters, digest_name(algorithm), openssl_library(), nullptr,
                                  key.get(), nullptr) == 1 &&
          set_padding(parameters, algorithm)) {
        slot.context = std::move(context);
      }
    });
    return slot.context.get();
  }

 private:
  struct Prepared {
    std::once_flag once;
    OwnedDigestContext context;
  };
  mutable std::array<Prepared, kSignatureAlgorithms> prepared_;
};

namespace {

Result<std::shared_ptr<const VerifyingKey::Impl>> ed25519_key(BytesView key) {
  if (key.size() != kEd25519Bytes) return invalid("an Ed25519 key of {} bytes", key.size());
  OwnedKey made(EVP_PKEY_new_raw_public_key_ex(openssl_library(), "ED25519", nullptr, openssl_bytes(key), key.size()));
  if (!made) return openssl_error(ErrorCode::kInvalid, "not an Ed25519 key");
  Bytes spki = make_spki(oid(kEd25519Arcs), key, [](der::Writer&) {});
  return std::make_shared<const VerifyingKey::Impl>(KeyType::kEd25519, 256, std::move(spki), std::move(made));
}

// A key on the curve without its point, to be copied: looking up a curve by its name costs more than half of what
// making a key does. Made on first use and never freed, as the library context is. Null when OpenSSL cannot.
EVP_PKEY* keyless(const Curve& curve) {
  const auto make = [](const Curve& wanted) -> EVP_PKEY* {
    const OwnedKeyContext context(EVP_PKEY_CTX_new_from_name(openssl_library(), "EC", nullptr));
    std::string name = wanted.name;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY* made = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
    return EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_KEY_PARAMETERS, parameters) == 1 ? made : nullptr;
  };
  static const std::array<EVP_PKEY*, kCurves.size()> kKeys = {make(kCurves[0]), make(kCurves[1]), make(kCurves[2])};
  return kKeys[static_cast<std::size_t>(&curve - kCurves.data())];
}

Result<std::shared_ptr<const VerifyingKey::Impl>> ec_key(const Curve& curve, BytesView point) {
  if (point.size() != 1 + 2 * curve.field_bytes || point[0] != kUncompressed) {
    return invalid("a key on {} that is not an uncompressed point", curve.name);
  }
  OwnedKey made(EVP_PKEY_dup(keyless(curve)));
  if (!made || EVP_PKEY_set1_encoded_public_key(made.get(), openssl_bytes(point), point.size()) != 1) {
    return openssl_error(ErrorCode::kInvalid, "not a point on the curve");
  }
  Bytes spki = make_spki(oid(kEcPublicKey), point,
                         [&](der::Writer& writer) { writer.element(der::kObjectIdentifier, curve.oid()); });
  return std::make_shared<const VerifyingKey::Impl>(curve.type, curve.bits, std::move(spki), std::move(made));
}

Result<std::shared_ptr<const VerifyingKey::Impl>> rsa_key(BytesView modulus, BytesView exponent) {
  modulus = without_leading_zeros(modulus);
  exponent = without_leading_zeros(exponent);
  const auto odd = [](BytesView number) { return !number.empty() && (number.back() & std::byte{1}) != std::byte{0}; };
  if (modulus.size() > kMaxRsaBits / 8) return invalid("an RSA key of more than {} bits", kMaxRsaBits);
  const std::size_t bits =
      modulus.empty() ? 0 : modulus.size() * 8 - std::countl_zero(std::to_integer<std::uint8_t>(modulus[0]));
  if (bits < kMinRsaBits) return invalid("an RSA key of {} bits: {} to {} are taken", bits, kMinRsaBits, kMaxRsaBits);
  if (!odd(modulus)) return invalid("an RSA key with an even modulus");
  if (!odd(exponent) || exponent.size() > kMaxExponentBytes || (exponent.size() == 1 && exponent[0] < std::byte{3})) {
    return invalid("an RSA key with an exponent that is not odd, from 3 to 2^64");
  }
  Bytes n = reversed(modulus), e = reversed(exponent);  // OpenSSL's parameters are little-endian
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, openssl_output(n), n.size()),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, openssl_output(e), e.size()),
      OSSL_PARAM_construct_end(),
  };
  OwnedKey made = TRY(key_from("RSA", parameters));
  der::Writer key;
  key.nested(der::kSequence, [&] {
    key.unsigned_integer(modulus);
    key.unsigned_integer(exponent);
  });
  Bytes spki = make_spki(oid(kRsaEncryption), key.bytes(), [](der::Writer& writer) { writer.null(); });
  return std::make_shared<const VerifyingKey::Impl>(KeyType::kRsa, static_cast<unsigned>(bits), std::move(spki),
                                                    std::move(made));
}

Result<std::shared_ptr<const VerifyingKey::Impl>> key_of(BytesView spki) {
  der::Reader outer(spki);
  der::Reader info = TRY(outer.enter(der::kSequence, "public key"));
  TRY(outer.end("public key"));
  der::Reader algorithm = TRY(info.enter(der::kSequence, "key algorithm"));
  const BytesView kind = TRY(algorithm.object_identifier("key algorithm"));
  const BytesView key = TRY(info.octet_aligned_bits("key bits"));
  TRY(info.end("public key"));
  if (std::ranges::equal(kind, oid(kEcPublicKey))) {
    const BytesView name = TRY(algorithm.object_identifier("named curve"));
    TRY(algorithm.end("key algorithm"));
    for (const Curve& curve : kCurves) {
      if (std::ranges::equal(name, curve.oid())) return ec_key(curve, key);
    }
    return invalid("a key on the curve {}", der::object_identifier_text(name));
  }
  if (std::ranges::equal(kind, oid(kRsaEncryption))) {
    TRY(algorithm.null("key parameters"));
    TRY(algorithm.end("key algorithm"));
    der::Reader whole(key);
    der::Reader numbers = TRY(whole.enter(der::kSequence, "RSA key"));
    TRY(whole.end("RSA key"));
    const BytesView modulus = TRY(numbers.unsigned_integer("modulus"));
    const BytesView exponent = TRY(numbers.unsigned_integer("exponent"));
    TRY(numbers.end("RSA key"));
    return rsa_key(modulus, exponent);
  }
  if (std::ranges::equal(kind, oid(kEd25519Arcs))) {
    TRY(algorithm.end("key algorithm"));
    return ed25519_key(key);
  }
  return invalid("a key of the kind {}", der::object_identifier_text(kind));
}

Result<void> compute(const VerifyingKey::Impl& key, SignatureAlgorithm algorithm, BytesView message,
                     BytesView signature, EcdsaForm form) {
  const Error bad = untrusted("the signature does not match");
  Bytes encoded;
  const Curve* curve = curve_of(key.type);
  if (curve != nullptr && form == EcdsaForm::kRaw) {
    if (signature.size() != 2 * curve->field_bytes) return bad;
    encoded = TRY(ecdsa_raw_to_der(signature, curve->field_bytes));
    signature = encoded;
  }
  // OpenSSL fills up a PSS signature that is too short.
  if (key.type == KeyType::kRsa && signature.size() != (key.bits + 7) / 8) return bad;
  const EVP_MD_CTX* prepared = key.prepared(algorithm);
  const OwnedDigestContext context(EVP_MD_CTX_new());
  if (prepared == nullptr || !context || EVP_MD_CTX_copy_ex(context.get(), prepared) != 1) {
    return openssl_error(ErrorCode::kInternal, "verifying a signature");
  }
  const int ok = EVP_DigestVerify(context.get(), openssl_bytes(signature), signature.size(), openssl_bytes(message),
                                  message.size());
  if (ok == 1) return {};
  ERR_clear_error();  // says which of OpenSSL's parts found out
  return bad;
}

}  // namespace

Result<VerifyingKey> VerifyingKey::parse_spki(BytesView der) {
  auto impl = TRY(key_of(der));
  // One key, one encoding.
  if (!std::ranges::equal(impl->spki, der)) return invalid("a public key in an unusual encoding");
  return VerifyingKey(std::move(impl));
}

Result<VerifyingKey> VerifyingKey::parse_pem(std::string_view pem) {
  const std::vector<PemBlock> blocks = TRY(parse_pem_blocks(pem));
  if (blocks.size() != 1 || blocks[0].label != "PUBLIC KEY") return invalid("not one PEM block \"PUBLIC KEY\"");
  return parse_spki(blocks[0].der);
}

Result<VerifyingKey> VerifyingKey::from_point(KeyType type, BytesView x, BytesView y) {
  const Curve* curve = curve_of(type);
  if (curve == nullptr) return invalid("{} keys are no points", name_of(type));
  if (x.size() != curve->field_bytes || y.size() != curve->field_bytes) {
    return invalid("a point on {} with coordinates of {} and {} bytes", curve->name, x.size(), y.size());
  }
  Bytes point = {kUncompressed};
  point.insert(point.end(), x.begin(), x.end());
  point.insert(point.end(), y.begin(), y.end());
  return VerifyingKey(TRY(ec_key(*curve, point)));
}

Result<VerifyingKey> VerifyingKey::from_rsa(BytesView modulus, BytesView exponent) {
  return VerifyingKey(TRY(rsa_key(modulus, exponent)));
}

KeyType VerifyingKey::type() const { return impl_->type; }
unsigned VerifyingKey::bits() const { return impl_->bits; }
BytesView VerifyingKey::spki() const { return impl_->spki; }

// In front of the message its length, so that nothing can be read in two ways.
SignedMessage::SignedMessage(SignatureAlgorithm algorithm, BytesView message, BytesView signature, EcdsaForm form)
    : algorithm_(algorithm), form_(form), message_(message), signature_(signature) {
  std::array<std::byte, 2 + sizeof(std::uint64_t)> head = {static_cast<std::byte>(algorithm),
                                                           static_cast<std::byte>(form)};
  store_le<std::uint64_t>(head, 2, message.size());
  name_ = sha256({head, message, signature});
}

Result<void> VerifyingKey::verify(SignatureAlgorithm algorithm, BytesView message, BytesView signature, EcdsaForm form,
                                  SeenSignatures* seen) const {
  if (seen != nullptr) return verify(SignedMessage(algorithm, message, signature, form), seen);
  if (!fits(algorithm, impl_->type)) {
    return invalid("{} is no algorithm of {} keys", name_of(algorithm), name_of(impl_->type));
  }
  return compute(*impl_, algorithm, message, signature, form);
}

Result<void> VerifyingKey::verify(const SignedMessage& message, SeenSignatures* seen) const {
  const auto check = [&] {
    return verify(message.algorithm_, message.message_, message.signature_, message.form_, nullptr);
  };
  if (seen == nullptr) return check();
  if (seen->table_->contains(impl_->spki_digest, message.name_)) return {};
  TRY(check());
  seen->table_->insert(impl_->spki_digest, message.name_);
  return {};
}

}  // namespace adyton
