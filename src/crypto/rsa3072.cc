// SPDX-License-Identifier: Apache-2.0
#include "crypto/rsa3072.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/x509.h>

#include "base/error.h"
#include "crypto/openssl.h"
#include "crypto/signature.h"

namespace adyton {
namespace {

using OwnedNumber = OpenSslOwner<BIGNUM, BN_free>;
using OwnedNumberContext = OpenSslOwner<BN_CTX, BN_CTX_free>;

constexpr std::string_view kWanted = "SGX takes RSA of 3072 bits with the exponent 3 (`adyton keygen FILE --sgx`)";

Result<void> check_modulus(BytesView modulus) {
  if (modulus.size() != kRsa3072Bytes || (modulus[0] & std::byte{0x80}) == std::byte{0}) {
    return invalid("a modulus that does not have 3072 bits");
  }
  return {};
}

OwnedNumber number_of(BytesView bytes) {
  return OwnedNumber(BN_bin2bn(openssl_bytes(bytes), static_cast<int>(bytes.size()), nullptr));
}

Result<OwnedNumber> number_of(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return openssl_error(ErrorCode::kInvalid, "an RSA key");
  return OwnedNumber(number);
}

Result<Bytes> bytes_of(const BIGNUM* number) {
  Bytes out(kRsa3072Bytes);
  if (BN_bn2binpad(number, openssl_output(out), static_cast<int>(out.size())) < 0) {
    return openssl_error(ErrorCode::kInternal, "a quotient that is too large");
  }
  return out;
}

}  // namespace

Result<Bytes> rsa3072_modulus(const PublicKey& key) {
  if (key.kind() != KeyKind::kRsa3072) return invalid("not an RSA key: {}", kWanted);
  const Bytes spki = key.der();
  const unsigned char* cursor = openssl_bytes(spki);
  const OwnedKey rsa(d2i_PUBKEY_ex(nullptr, &cursor, static_cast<long>(spki.size()), openssl_library(), nullptr));
  if (!rsa) return openssl_error(ErrorCode::kInternal, "an RSA key");
  const OwnedNumber modulus = TRY(number_of(rsa.get(), OSSL_PKEY_PARAM_RSA_N));
  const OwnedNumber exponent = TRY(number_of(rsa.get(), OSSL_PKEY_PARAM_RSA_E));
  const int bits = BN_num_bits(modulus.get());
  if (bits != 8 * kRsa3072Bytes) return invalid("an RSA key of {} bits: {}", bits, kWanted);
  if (!BN_is_word(exponent.get(), 3)) return invalid("an RSA key with another exponent than 3: {}", kWanted);
  return bytes_of(modulus.get());
}

Result<void> verify_rsa3072(BytesView modulus, BytesView message, BytesView signature) {
  constexpr std::byte kExponent[] = {std::byte{3}};
  TRY(check_modulus(modulus));
  const VerifyingKey key = TRY(VerifyingKey::from_rsa(modulus, kExponent));
  return key.verify(SignatureAlgorithm::kRsaPkcs1Sha256, message, signature);
}

Result<RsaQuotients> rsa3072_quotients(BytesView modulus, BytesView signature) {
  TRY(check_modulus(modulus));
  const OwnedNumber m = number_of(modulus), s = number_of(signature);
  const OwnedNumber q1(BN_new()), q2(BN_new()), rest(BN_new()), product(BN_new());
  const OwnedNumberContext context(BN_CTX_new());
  if (!m || !s || !q1 || !q2 || !rest || !product || !context) return internal("out of memory");
  if (BN_cmp(s.get(), m.get()) >= 0) return invalid("a signature that is not less than the modulus");
  // s^3 - q1 * s * m is s times what the first division leaves.
  if (BN_sqr(product.get(), s.get(), context.get()) != 1 ||
      BN_div(q1.get(), rest.get(), product.get(), m.get(), context.get()) != 1 ||
      BN_mul(product.get(), s.get(), rest.get(), context.get()) != 1 ||
      BN_div(q2.get(), nullptr, product.get(), m.get(), context.get()) != 1) {
    return openssl_error(ErrorCode::kInternal, "dividing");
  }
  Bytes first = TRY(bytes_of(q1.get()));
  Bytes second = TRY(bytes_of(q2.get()));
  return RsaQuotients{.q1 = std::move(first), .q2 = std::move(second)};
}

}  // namespace adyton
