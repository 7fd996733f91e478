// SPDX-License-Identifier: Apache-2.0
// Makes the signatures that crypto/signature.h verifies, of every kind: for whoever stands in for other people's
// authorities and devices (testing/fake_pki.h). Adyton itself signs with crypto/keys.h.
#pragma once

#include <memory>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/signature.h"

namespace adyton {

// Immutable, thread-safe, cheap to copy.
class SigningKey {
 public:
  static Result<SigningKey> generate(KeyType type, unsigned rsa_bits = 2048);  // exponent 65537

  [[nodiscard]] const VerifyingKey& verifying_key() const;
  Result<Bytes> sign(SignatureAlgorithm algorithm, BytesView message, EcdsaForm form = EcdsaForm::kDer) const;

  struct Impl;

 private:
  explicit SigningKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace adyton
