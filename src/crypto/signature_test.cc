// SPDX-License-Identifier: Apache-2.0
#include "crypto/signature.h"

#include <thread>

#include <gtest/gtest.h>

#include "crypto/signing_key.h"
#include "crypto/x509.h"
#include "testing/fake_pki.h"

namespace adyton {
namespace {

using testing::fake_key;

struct Case {
  KeyType type;
  SignatureAlgorithm algorithm;
};
constexpr Case kCases[] = {
    {KeyType::kP256, SignatureAlgorithm::kEcdsaSha256},   {KeyType::kP256, SignatureAlgorithm::kEcdsaSha384},
    {KeyType::kP384, SignatureAlgorithm::kEcdsaSha384},   {KeyType::kP384, SignatureAlgorithm::kEcdsaSha512},
    {KeyType::kP521, SignatureAlgorithm::kEcdsaSha512},   {KeyType::kRsa, SignatureAlgorithm::kRsaPkcs1Sha256},
    {KeyType::kRsa, SignatureAlgorithm::kRsaPkcs1Sha384}, {KeyType::kRsa, SignatureAlgorithm::kRsaPkcs1Sha512},
    {KeyType::kRsa, SignatureAlgorithm::kRsaPssSha256},   {KeyType::kRsa, SignatureAlgorithm::kRsaPssSha384},
    {KeyType::kRsa, SignatureAlgorithm::kRsaPssSha512},   {KeyType::kEd25519, SignatureAlgorithm::kEd25519},
};

// RFC 8017, 8.1.2 and 8.2.2, step 1: as long as the modulus, leading zeros and all. One number, one signature.
TEST(VerifyingKey, RsaSignaturesAreAsLongAsTheModulus) {
  const SigningKey key = fake_key(KeyType::kRsa);
  for (const SignatureAlgorithm algorithm : {SignatureAlgorithm::kRsaPssSha256, SignatureAlgorithm::kRsaPkcs1Sha256}) {
    Bytes signature;
    std::string message;
    for (int i = 0; signature.empty() || signature[0] != std::byte{0}; ++i) {  // one of 256 begins with a zero
      message = std::to_string(i);
      signature = key.sign(algorithm, as_bytes(message)).value();
    }
    EXPECT_TRUE(key.verifying_key().verify(algorithm, as_bytes(message), signature));
    EXPECT_FALSE(key.verifying_key().verify(algorithm, as_bytes(message), BytesView(signature).subspan(1)))
        << name_of(algorithm);
    signature.insert(signature.begin(), std::byte{0});
    EXPECT_FALSE(key.verifying_key().verify(algorithm, as_bytes(message), signature)) << name_of(algorithm);
  }
}

TEST(VerifyingKey, VerifiesEveryAlgorithmAndNothingElse) {
  const BytesView message = as_bytes("message"), other = as_bytes("massage");
  for (const Case& c : kCases) {
    const SigningKey key = fake_key(c.type);
    const Bytes signature = key.sign(c.algorithm, message).value();
    EXPECT_TRUE(key.verifying_key().verify(c.algorithm, message, signature)) << name_of(c.algorithm);
    for (const Case& wrong : kCases) {
      const Result<void> result = key.verifying_key().verify(wrong.algorithm, message, signature);
      if (wrong.algorithm == c.algorithm) continue;
      ASSERT_FALSE(result) << name_of(c.algorithm) << " as " << name_of(wrong.algorithm);
      const auto family = [](const Case& one) {
        return one.type == KeyType::kP384 || one.type == KeyType::kP521 ? KeyType::kP256 : one.type;
      };
      EXPECT_EQ(result.error().code, family(c) == family(wrong) ? ErrorCode::kUntrusted : ErrorCode::kInvalid);
    }
    EXPECT_EQ(key.verifying_key().verify(c.algorithm, other, signature).error().code, ErrorCode::kUntrusted);
    EXPECT_EQ(fake_key(c.type, 1).verifying_key().verify(c.algorithm, message, signature).error().code,
              ErrorCode::kUntrusted);
    for (std::size_t i = 0; i < signature.size(); ++i) {
      Bytes altered = signature;
      altered[i] ^= std::byte{1};
      EXPECT_FALSE(key.verifying_key().verify(c.algorithm, message, altered)) << name_of(c.algorithm) << ' ' << i;
      EXPECT_FALSE(key.verifying_key().verify(c.algorithm, message, BytesView(signature).first(i)));
    }
    Bytes longer = signature;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(key.verifying_key().verify(c.algorithm, message, longer)) << name_of(c.algorithm);
  }
}

TEST(VerifyingKey, TakesRawEcdsaSignaturesOfExactlyTheCurvesLength) {
  for (const KeyType type : {KeyType::kP256, KeyType::kP384, KeyType::kP521}) {
    const SigningKey key = fake_key(type);
    const auto algorithm = testing::usual_algorithm(type);
    const Bytes raw = key.sign(algorithm, as_bytes("m"), EcdsaForm::kRaw).value();
    EXPECT_EQ(raw.size(), type == KeyType::kP256 ? 64U : type == KeyType::kP384 ? 96U : 132U);
    EXPECT_TRUE(key.verifying_key().verify(algorithm, as_bytes("m"), raw, EcdsaForm::kRaw));
    EXPECT_FALSE(key.verifying_key().verify(algorithm, as_bytes("m"), raw, EcdsaForm::kDer));
    for (std::size_t i = 0; i < raw.size(); ++i) {
      EXPECT_FALSE(key.verifying_key().verify(algorithm, as_bytes("m"), BytesView(raw).first(i), EcdsaForm::kRaw));
    }
    const Bytes zeros(raw.size());
    EXPECT_FALSE(key.verifying_key().verify(algorithm, as_bytes("m"), zeros, EcdsaForm::kRaw));
  }
}

// SEC 1, 4.1.4, step 1, and X.690, 10.1: numbers from 1 to n - 1, in their one encoding.
TEST(VerifyingKey, TakesEcdsaNumbersInRangeAndInOneEncoding) {
  const SigningKey key = fake_key(KeyType::kP384);
  const auto algorithm = SignatureAlgorithm::kEcdsaSha384;
  const Bytes raw = key.sign(algorithm, as_bytes("m"), EcdsaForm::kRaw).value();
  const auto verifies = [&](BytesView signature, EcdsaForm form) {
    return key.verifying_key().verify(algorithm, as_bytes("m"), signature, form).has_value();
  };
  for (const std::size_t at : {0U, 48U}) {
    for (const std::byte fill : {std::byte{0}, std::byte{0xff}}) {
      Bytes altered = raw;
      std::fill_n(altered.begin() + static_cast<std::ptrdiff_t>(at), 48, fill);
      EXPECT_FALSE(verifies(altered, EcdsaForm::kRaw)) << at;
    }
  }
  const auto encoded = [&](std::size_t padding, bool long_form, std::size_t behind) {
    Bytes body;
    for (const std::size_t at : {0U, 48U}) {
      Bytes number(padding + 1);  // one zero, so that it is positive
      number.insert(number.end(), raw.begin() + static_cast<std::ptrdiff_t>(at),
                    raw.begin() + static_cast<std::ptrdiff_t>(at + 48));
      while (padding == 0 && number[0] == std::byte{0} && (number[1] & std::byte{0x80}) == std::byte{0}) {
        number.erase(number.begin());
      }
      body.push_back(std::byte{2});
      body.push_back(static_cast<std::byte>(number.size()));
      body.insert(body.end(), number.begin(), number.end());
    }
    body.resize(body.size() + behind);
    Bytes out = {std::byte{0x30}};
    if (long_form) out.push_back(std::byte{0x81});
    out.push_back(static_cast<std::byte>(body.size()));
    out.insert(out.end(), body.begin(), body.end());
    return out;
  };
  EXPECT_TRUE(verifies(encoded(0, false, 0), EcdsaForm::kDer));
  EXPECT_FALSE(verifies(encoded(1, false, 0), EcdsaForm::kDer));
  EXPECT_FALSE(verifies(encoded(0, true, 0), EcdsaForm::kDer));
  EXPECT_FALSE(verifies(encoded(0, false, 1), EcdsaForm::kDer));
}

TEST(VerifyingKey, IsTheSameFromEveryForm) {
  for (const KeyType type : {KeyType::kP256, KeyType::kP384, KeyType::kP521, KeyType::kRsa, KeyType::kEd25519}) {
    const VerifyingKey key = fake_key(type).verifying_key();
    EXPECT_EQ(key.type(), type);
    const std::string pem = to_pem("PUBLIC KEY", key.spki());
    EXPECT_EQ(to_bytes(VerifyingKey::parse_pem(pem).value().spki()), to_bytes(key.spki()));
    const std::size_t field = type == KeyType::kP256 ? 32 : type == KeyType::kP384 ? 48 : 66;
    if (type == KeyType::kRsa || type == KeyType::kEd25519) continue;
    const BytesView x = key.spki().last(2 * field).first(field), y = key.spki().last(field);
    EXPECT_EQ(to_bytes(VerifyingKey::from_point(type, x, y).value().spki()), to_bytes(key.spki()));
    Bytes off_curve = to_bytes(y);
    off_curve.back() ^= std::byte{1};
    EXPECT_EQ(VerifyingKey::from_point(type, x, off_curve).error().code, ErrorCode::kInvalid);
    EXPECT_EQ(VerifyingKey::from_point(type, x.subspan(1), y).error().code, ErrorCode::kInvalid);
    EXPECT_EQ(VerifyingKey::from_point(KeyType::kRsa, x, y).error().code, ErrorCode::kInvalid);
    EXPECT_FALSE(VerifyingKey::from_point(type, Bytes(field, std::byte{0xff}), y));  // not below the field's prime
  }
}

TEST(VerifyingKey, RefusesRsaKeysOutOfRange) {
  Bytes modulus(256, std::byte{0xff});
  const Bytes usual = {std::byte{1}, std::byte{0}, std::byte{1}};
  EXPECT_TRUE(VerifyingKey::from_rsa(modulus, usual));
  EXPECT_EQ(VerifyingKey::from_rsa(modulus, usual).value().bits(), 2048U);
  for (const Bytes& exponent : std::vector<Bytes>{{}, {std::byte{1}}, {std::byte{4}}, Bytes(9, std::byte{1})}) {
    EXPECT_EQ(VerifyingKey::from_rsa(modulus, exponent).error().code, ErrorCode::kInvalid);
  }
  EXPECT_FALSE(VerifyingKey::from_rsa({}, usual));
  EXPECT_FALSE(VerifyingKey::from_rsa(BytesView(modulus).first(255), usual));
  EXPECT_FALSE(VerifyingKey::from_rsa(Bytes(1025, std::byte{0xff}), usual));
  Bytes small = modulus;
  small[0] = std::byte{0x7f};
  EXPECT_FALSE(VerifyingKey::from_rsa(small, usual));
  modulus.back() = std::byte{0xfe};
  EXPECT_FALSE(VerifyingKey::from_rsa(modulus, usual));
}

TEST(VerifyingKey, RefusesEveryTruncationAndForeignFormOfAKey) {
  for (const KeyType type : {KeyType::kP256, KeyType::kP521, KeyType::kRsa, KeyType::kEd25519}) {
    const Bytes spki = to_bytes(fake_key(type).verifying_key().spki());
    for (std::size_t i = 0; i < spki.size(); ++i) EXPECT_FALSE(VerifyingKey::parse_spki(BytesView(spki).first(i)));
    Bytes longer = spki;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(VerifyingKey::parse_spki(longer));
    for (std::size_t i = 0; i < 20; ++i) {  // the header: every bit counts
      for (unsigned bit = 0; bit < 8; ++bit) {
        Bytes altered = spki;
        altered[i] ^= static_cast<std::byte>(1U << bit);
        const bool is_key_byte = type == KeyType::kEd25519 && i >= 12;
        if (is_key_byte) continue;
        EXPECT_FALSE(VerifyingKey::parse_spki(altered)) << name_of(type) << i << bit;
      }
    }
  }
}

TEST(SeenSignatures, ChangeNoAnswer) {
  SeenSignatures seen(4);
  const SigningKey key = fake_key(KeyType::kP256);
  const auto algorithm = SignatureAlgorithm::kEcdsaSha256;
  for (int round = 0; round < 3; ++round) {
    for (char c = 'a'; c < 'm'; ++c) {  // more than it holds
      const std::string message(1, c);
      const Bytes signature = key.sign(algorithm, as_bytes(message)).value();
      for (int again = 0; again < 3; ++again) {
        EXPECT_TRUE(key.verifying_key().verify(algorithm, as_bytes(message), signature, EcdsaForm::kDer, &seen));
      }
      EXPECT_FALSE(key.verifying_key().verify(algorithm, as_bytes("x"), signature, EcdsaForm::kDer, &seen));
      EXPECT_FALSE(key.verifying_key().verify(algorithm, as_bytes(message), signature, EcdsaForm::kRaw, &seen));
      EXPECT_FALSE(fake_key(KeyType::kP256, 1)
                       .verifying_key()
                       .verify(algorithm, as_bytes(message), signature, EcdsaForm::kDer, &seen));
      EXPECT_FALSE(key.verifying_key().verify(SignatureAlgorithm::kEcdsaSha384, as_bytes(message), signature,
                                              EcdsaForm::kDer, &seen));
    }
  }
}

TEST(SeenSignatures, CanBeSharedByThreads) {
  SeenSignatures seen(64);
  const SigningKey key = fake_key(KeyType::kP256);
  const auto algorithm = SignatureAlgorithm::kEcdsaSha256;
  std::vector<std::pair<std::string, Bytes>> signatures;
  for (int i = 0; i < 100; ++i) {
    std::string message = std::to_string(i);
    Bytes signature = key.sign(algorithm, as_bytes(message)).value();
    signatures.emplace_back(std::move(message), std::move(signature));
  }
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (const auto& [message, signature] : signatures) {
        const auto verify = [&](std::string_view text) {
          return key.verifying_key().verify(algorithm, as_bytes(text), signature, EcdsaForm::kDer, &seen).has_value();
        };
        if (!verify(message) || verify(message + "!")) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace adyton
