// SPDX-License-Identifier: Apache-2.0
#include "crypto/keys.h"

#include <gtest/gtest.h>

#include "crypto/crypto.h"
#include "crypto/foreign_keys.h"
#include "crypto/pss_vectors.h"

namespace adyton {
namespace {

constexpr KeyKind kKinds[] = {KeyKind::kP256, KeyKind::kP384, KeyKind::kEd25519, KeyKind::kRsa3072};

// SubjectPublicKeyInfo up to the key itself (RFC 5480, 2; RFC 8410, 4).
constexpr std::string_view kP256Spki = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
constexpr std::string_view kP384Spki = "3076301006072a8648ce3d020106052b8104002203620004";
constexpr std::string_view kEd25519Spki = "302a300506032b6570032100";

Bytes hex(std::string_view text) { return *parse_hex(text); }

struct SignatureVector {
  std::string_view spki_start, key, message, signature;
};

// RFC 6979, A.2.5 and A.2.6, message "sample"; RFC 8032, 7.1, test 2.
constexpr SignatureVector kVectors[] = {
    {kP256Spki,
     "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
     "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
     "73616d706c65",
     "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
    {kP384Spki,
     "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13"
     "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
     "73616d706c65",
     "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46"
     "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8"},
    {kEd25519Spki, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
};

TEST(PublicKey, VerifiesTheVectorsOfTheRfcs) {
  for (const SignatureVector& vector : kVectors) {
    const Result<PublicKey> key = PublicKey::parse_der(hex(std::string(vector.spki_start) + std::string(vector.key)));
    ASSERT_TRUE(key) << key.error().message;
    const Bytes signature = hex(vector.signature);
    EXPECT_TRUE(key->verify(hex(vector.message), signature)) << vector.key;
    EXPECT_EQ(key->verify({}, signature).error().code, ErrorCode::kUntrusted);
    for (std::size_t i = 0; i < signature.size(); ++i) {
      Bytes altered = signature;
      altered[i] ^= std::byte{0x80};
      EXPECT_EQ(key->verify(hex(vector.message), altered).error().code, ErrorCode::kUntrusted) << i;
      EXPECT_EQ(key->verify(hex(vector.message), BytesView(signature).first(i)).error().code, ErrorCode::kUntrusted);
    }
  }
}

TEST(PublicKey, VerifiesPssOfBothExponents) {
  for (const PssVector& vector : {kPssExponent3, kPssExponent65537}) {
    const Result<PublicKey> key = PublicKey::parse_der(hex(vector.spki));
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(key->kind(), KeyKind::kRsa3072);
    const Result<void> result = key->verify(as_bytes(kPssMessage), hex(vector.signature));
    EXPECT_TRUE(result) << result.error().message;
    EXPECT_EQ(key->verify(as_bytes("else"), hex(vector.signature)).error().code, ErrorCode::kUntrusted);
  }
  const PublicKey key = *PublicKey::parse_der(hex(kPssExponent65537.spki));
  EXPECT_EQ(key.verify(as_bytes(kPssMessage), hex(kPssShortSalt)).error().code, ErrorCode::kUntrusted);
}

TEST(PrivateKey, SignsWhatItsPublicKeyVerifies) {
  for (const KeyKind kind : kKinds) {
    const Result<PrivateKey> key = PrivateKey::generate(kind);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(key->public_key().kind(), kind);
    const Result<Bytes> signature = key->sign(as_bytes("message"));
    ASSERT_TRUE(signature) << signature.error().message;
    EXPECT_TRUE(key->public_key().verify(as_bytes("message"), *signature));
    EXPECT_FALSE(key->public_key().verify(as_bytes("Message"), *signature));
    EXPECT_FALSE(PrivateKey::generate(KeyKind::kP256)->public_key().verify(as_bytes("message"), *signature));
  }
}

TEST(PrivateKey, GoesThroughPemAndDer) {
  for (const KeyKind kind : kKinds) {
    const PrivateKey key = *PrivateKey::generate(kind);
    const Result<PrivateKey> again = PrivateKey::parse_pem(key.pem());
    ASSERT_TRUE(again) << again.error().message;
    const PublicKey public_key = key.public_key();
    EXPECT_EQ(again->public_key().der(), public_key.der());
    EXPECT_EQ(PublicKey::parse_der(public_key.der())->der(), public_key.der());
    EXPECT_EQ(PublicKey::parse_pem(public_key.pem())->der(), public_key.der());
    EXPECT_EQ(public_key.fingerprint(), sha384(public_key.der()));
    EXPECT_TRUE(public_key.verify(as_bytes("m"), *again->sign(as_bytes("m"))));
    EXPECT_NE(key.pem().find("BEGIN PRIVATE KEY"), std::string::npos);
  }
}

// SGX wants the modulus and an exponent of 3: SubjectPublicKeyInfo ends with INTEGER 3.
TEST(PrivateKey, MakesRsaKeysThatSgxTakes) {
  const PublicKey key = PrivateKey::generate(KeyKind::kRsa3072)->public_key();
  EXPECT_TRUE(to_hex(key.der()).ends_with("020103"));
  EXPECT_EQ(key.der().size(), 420u);
}

TEST(PrivateKey, ReadsWhatOpensslWrites) {
  for (const std::string_view pem : {kTraditionalEcKey, kTraditionalRsaKey, kEd25519Key}) {
    const Result<PrivateKey> key = PrivateKey::parse_pem(pem);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_TRUE(key->public_key().verify(as_bytes("m"), *key->sign(as_bytes("m"))));
  }
}

TEST(PublicKey, RefusesOtherKindsAndSaysWhy) {
  const std::pair<std::string_view, std::string_view> refused[] = {
      {kRsa2048PublicKey, "2048 bits"},  {kRsaExponent17PublicKey, "exponent"},
      {kP521PublicKey, "secp521r1"},     {kSecp256k1PublicKey, "secp256k1"},
      {kEd448PublicKey, "ED448"},        {kExplicitCurvePublicKey, "spells out its curve"},
      {kRsaPssPublicKey, "RSA-PSS"},     {"", "not a public key"},
      {kEd25519Key, "not a public key"},
  };
  for (const auto& [pem, reason] : refused) {
    const Result<PublicKey> key = PublicKey::parse_pem(pem);
    ASSERT_FALSE(key) << reason;
    EXPECT_EQ(key.error().code, ErrorCode::kInvalid);
    EXPECT_NE(key.error().message.find(reason), std::string::npos) << key.error().message;
  }
}

TEST(PrivateKey, RefusesWhatItCannotRead) {
  const std::pair<std::string_view, std::string_view> refused[] = {
      {kEncryptedKey, "decrypt it first"},
      {kEncryptedTraditionalKey, "decrypt it first"},
      {kP256PublicKey, "not a private key"},
      {"", "not a private key"},
      {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not a private key"},
  };
  for (const auto& [pem, reason] : refused) {
    const Result<PrivateKey> key = PrivateKey::parse_pem(pem);
    ASSERT_FALSE(key) << reason;
    EXPECT_EQ(key.error().code, ErrorCode::kInvalid);
    EXPECT_NE(key.error().message.find(reason), std::string::npos) << key.error().message;
  }
  EXPECT_FALSE(PrivateKey::parse_pem(std::string(1 << 20, 'x')));
}

TEST(PublicKey, HasOneEncodingOnly) {
  const Bytes usual = PublicKey::parse_pem(kP256PublicKey)->der();
  // The same key, its point compressed: from PEM it becomes the usual form, as DER it is refused.
  EXPECT_EQ(PublicKey::parse_pem(kP256CompressedPublicKey)->der(), usual);
  EXPECT_EQ(PublicKey::parse_der(hex(kP256CompressedPublicDer)).error().code, ErrorCode::kInvalid);
  Bytes trailing = usual;
  trailing.push_back(std::byte{0});
  EXPECT_EQ(PublicKey::parse_der(trailing).error().code, ErrorCode::kInvalid);
}

TEST(PublicKey, SurvivesEveryTruncationAndFlip) {
  const Bytes whole = PublicKey::parse_pem(kP256PublicKey)->der();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_FALSE(PublicKey::parse_der(BytesView(whole).first(i))) << i;
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes flipped = whole;
      flipped[i] ^= static_cast<std::byte>(1u << bit);
      const Result<PublicKey> key = PublicKey::parse_der(flipped);
      EXPECT_TRUE(!key || key->der() == flipped);
    }
  }
}

TEST(EcdsaSignature, ComesRawOrInDer) {
  const PrivateKey key = *PrivateKey::generate(KeyKind::kP256);
  const Bytes raw = *key.sign(as_bytes("m"));
  EXPECT_EQ(*ecdsa_signature_to_raw(raw, KeyKind::kP256), raw);
  // r = 1, s = 128: the shortest form, and a leading zero.
  EXPECT_EQ(to_hex(*ecdsa_signature_to_raw(hex("300702010102020080"), KeyKind::kP256)),
            std::string(63, '0') + "1" + std::string(62, '0') + "80");
  for (const std::string_view bad : {"", "3006", "300702010102020080ff", "0102", "30060201010201"}) {
    EXPECT_EQ(ecdsa_signature_to_raw(hex(bad), KeyKind::kP256).error().code, ErrorCode::kInvalid) << bad;
  }
  const std::string too_wide =
      "302602"
      "21"
      "01" +
      std::string(64, '0') + "020101";
  EXPECT_EQ(ecdsa_signature_to_raw(hex(too_wide), KeyKind::kP256).error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(ecdsa_signature_to_raw(hex(too_wide), KeyKind::kP384));
  EXPECT_FALSE(ecdsa_signature_to_raw(raw, KeyKind::kEd25519));
}

}  // namespace
}  // namespace adyton
