// SPDX-License-Identifier: Apache-2.0
#include "crypto/signature_algorithm.h"

#include <algorithm>

#include <openssl/rsa.h>

#include <adyton/der.h>
#include "base/error.h"

namespace adyton {

const Curve* curve_of(KeyType type) {
  const auto* found = std::ranges::find(kCurves, type, &Curve::type);
  return found == kCurves.end() ? nullptr : found;
}

std::string_view name_of(KeyType type) {
  switch (type) {
    case KeyType::kP256: return "P-256";
    case KeyType::kP384: return "P-384";
    case KeyType::kP521: return "P-521";
    case KeyType::kRsa: return "RSA";
    case KeyType::kEd25519: return "Ed25519";
  }
  return "unknown";
}

std::string_view name_of(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kEcdsaSha256: return "ECDSA with SHA-256";
    case SignatureAlgorithm::kEcdsaSha384: return "ECDSA with SHA-384";
    case SignatureAlgorithm::kEcdsaSha512: return "ECDSA with SHA-512";
    case SignatureAlgorithm::kRsaPkcs1Sha256: return "RSA PKCS #1 v1.5 with SHA-256";
    case SignatureAlgorithm::kRsaPkcs1Sha384: return "RSA PKCS #1 v1.5 with SHA-384";
    case SignatureAlgorithm::kRsaPkcs1Sha512: return "RSA PKCS #1 v1.5 with SHA-512";
    case SignatureAlgorithm::kRsaPssSha256: return "RSA-PSS with SHA-256";
    case SignatureAlgorithm::kRsaPssSha384: return "RSA-PSS with SHA-384";
    case SignatureAlgorithm::kRsaPssSha512: return "RSA-PSS with SHA-512";
    case SignatureAlgorithm::kEd25519: return "Ed25519";
  }
  return "unknown";
}

bool fits(SignatureAlgorithm algorithm, KeyType type) {
  switch (algorithm) {
    case SignatureAlgorithm::kEcdsaSha256:
    case SignatureAlgorithm::kEcdsaSha384:
    case SignatureAlgorithm::kEcdsaSha512: return curve_of(type) != nullptr;
    case SignatureAlgorithm::kEd25519: return type == KeyType::kEd25519;
    default: return type == KeyType::kRsa;
  }
}

const char* digest_name(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kEcdsaSha256:
    case SignatureAlgorithm::kRsaPkcs1Sha256:
    case SignatureAlgorithm::kRsaPssSha256: return "SHA2-256";
    case SignatureAlgorithm::kEcdsaSha384:
    case SignatureAlgorithm::kRsaPkcs1Sha384:
    case SignatureAlgorithm::kRsaPssSha384: return "SHA2-384";
    case SignatureAlgorithm::kEcdsaSha512:
    case SignatureAlgorithm::kRsaPkcs1Sha512:
    case SignatureAlgorithm::kRsaPssSha512: return "SHA2-512";
    case SignatureAlgorithm::kEd25519: break;
  }
  return nullptr;
}

Result<void> set_padding(EVP_PKEY_CTX* context, SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kRsaPssSha256:
    case SignatureAlgorithm::kRsaPssSha384:
    case SignatureAlgorithm::kRsaPssSha512:
      if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) != 1 ||
          EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) != 1) {
        return openssl_error(ErrorCode::kInternal, "RSA-PSS cannot be had");
      }
      return {};
    case SignatureAlgorithm::kRsaPkcs1Sha256:
    case SignatureAlgorithm::kRsaPkcs1Sha384:
    case SignatureAlgorithm::kRsaPkcs1Sha512:
      if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1) {
        return openssl_error(ErrorCode::kInternal, "RSA PKCS #1 v1.5 cannot be had");
      }
      return {};
    default: return {};
  }
}

Result<Bytes> ecdsa_raw_to_der(BytesView raw, std::size_t field_bytes) {
  if (raw.size() != 2 * field_bytes) {
    return invalid("an ECDSA signature of {} bytes, not {}", raw.size(), 2 * field_bytes);
  }
  der::Writer writer;
  writer.nested(der::kSequence, [&] {
    writer.unsigned_integer(raw.first(field_bytes));
    writer.unsigned_integer(raw.subspan(field_bytes));
  });
  return writer.take();
}

Result<Bytes> ecdsa_der_to_raw(BytesView der, std::size_t field_bytes) {
  der::Reader outer(der);
  der::Reader numbers = TRY(outer.enter(der::kSequence, "ECDSA signature"));
  TRY(outer.end("ECDSA signature"));
  Bytes raw(2 * field_bytes);
  for (std::size_t i = 0; i < 2; ++i) {
    const BytesView number = TRY(numbers.unsigned_integer(i == 0 ? "r" : "s"));
    if (number.size() > field_bytes) return invalid("an ECDSA signature of a larger curve than the key's");
    std::ranges::copy(number, raw.begin() + static_cast<std::ptrdiff_t>((i + 1) * field_bytes - number.size()));
  }
  TRY(numbers.end("ECDSA signature"));
  return raw;
}

}  // namespace adyton
