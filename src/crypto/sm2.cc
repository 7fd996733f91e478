// SPDX-License-Identifier: Apache-2.0
#include "crypto/sm2.h"

#include <openssl/core_names.h>

#include <adyton/der.h>
#include "base/cursor.h"
#include "base/error.h"
#include "crypto/openssl.h"

namespace adyton {
namespace {

constexpr std::size_t kFieldBytes = 32;

Result<OwnedKey> make_key(BytesView x, BytesView y) {
  Bytes point{std::byte{4}};  // uncompressed
  append(point, x);
  append(point, y);
  const OwnedKeyContext context(EVP_PKEY_CTX_new_from_name(openssl_library(), "SM2", nullptr));
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1) {
    return openssl_error(ErrorCode::kUnavailable, "no SM2 in this OpenSSL");
  }
  char group[] = "SM2";
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                             OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
                             OSSL_PARAM_construct_end()};
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
    return openssl_error(ErrorCode::kInvalid, "not a point of SM2's curve");
  }
  return OwnedKey(key);
}

Bytes to_der(BytesView signature) {
  der::Writer writer;
  writer.nested(der::kSequence, [&] {
    writer.unsigned_integer(signature.first(kFieldBytes));
    writer.unsigned_integer(signature.subspan(kFieldBytes));
  });
  return writer.take();
}

}  // namespace

Result<void> verify_sm2(BytesView x, BytesView y, BytesView id, BytesView message, BytesView signature) {
  if (x.size() != kFieldBytes || y.size() != kFieldBytes || signature.size() != 2 * kFieldBytes) {
    return invalid("SM2: coordinates of {} and {} bytes, a signature of {}", x.size(), y.size(), signature.size());
  }
  const OwnedKey key = TRY(make_key(x, y));
  const OwnedDigestContext context(EVP_MD_CTX_new());
  Bytes owned_id = to_bytes(id);
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_DIST_ID, owned_id.data(), owned_id.size()),
      OSSL_PARAM_construct_end()};
  // The identifier can be set only between the two: earlier OpenSSL refuses it, later the digest has begun.
  EVP_PKEY_CTX* key_context = nullptr;
  if (!context ||
      EVP_DigestVerifyInit_ex(context.get(), &key_context, "SM3", openssl_library(), nullptr, key.get(), nullptr) !=
          1 ||
      EVP_PKEY_CTX_set_params(key_context, parameters) != 1) {
    return openssl_error(ErrorCode::kUnavailable, "no SM2 with SM3 in this OpenSSL");
  }
  const Bytes der = to_der(signature);
  if (EVP_DigestVerify(context.get(), openssl_bytes(der), der.size(), openssl_bytes(message), message.size()) != 1) {
    return openssl_error(ErrorCode::kUntrusted, "the signature does not match");
  }
  return {};
}

}  // namespace adyton
