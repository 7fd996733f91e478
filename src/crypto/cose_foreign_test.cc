// SPDX-License-Identifier: Apache-2.0
// COSE with other people's keys (crypto/cose.h, crypto/cose_key.h) and secrets.
#include <gtest/gtest.h>

#include "crypto/cose.h"
#include "crypto/cose_key.h"
#include "crypto/crypto.h"
#include "testing/fake_cose.h"
#include "testing/fake_pki.h"

namespace adyton {
namespace {

using testing::fake_cose_key;
using testing::fake_key;
using testing::fake_mac0;
using testing::fake_sign1;

Bytes hex(std::string_view text) { return *parse_hex(text); }

TEST(CoseForeignKeys, EachAlgorithmVerifies) {
  const std::pair<KeyType, std::int64_t> all[] = {{KeyType::kP256, -7},  {KeyType::kEd25519, -8}, {KeyType::kP384, -35},
                                                  {KeyType::kP521, -36}, {KeyType::kRsa, -37},    {KeyType::kRsa, -38},
                                                  {KeyType::kRsa, -39}};
  for (const auto& [type, algorithm] : all) {
    const SigningKey key = fake_key(type), other = fake_key(type, 1);
    const Bytes encoded = fake_sign1(to_bytes("payload"), key, {.algorithm = algorithm, .external = to_bytes("more")});
    const CoseSign1 message = *parse_cose_sign1(encoded);
    EXPECT_EQ(*cose_algorithm_of(message), algorithm);
    EXPECT_EQ(cose_key_type_of(algorithm), type);
    EXPECT_FALSE(cose_algorithm_name(algorithm).empty());
    SeenSignatures seen;
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(verify_cose_sign1(message, key.verifying_key(), {}, to_bytes("more"), &seen)) << algorithm;
    }
    EXPECT_EQ(verify_cose_sign1(message, key.verifying_key(), {}, {}, &seen).error().code, ErrorCode::kUntrusted);
    EXPECT_EQ(verify_cose_sign1(message, other.verifying_key(), {}, to_bytes("more")).error().code,
              ErrorCode::kUntrusted);
    CoseSign1 detached = message;
    detached.payload.reset();
    EXPECT_TRUE(verify_cose_sign1(detached, key.verifying_key(), to_bytes("payload"), to_bytes("more")));
    EXPECT_EQ(verify_cose_sign1(detached, key.verifying_key()).error().code, ErrorCode::kInvalid);
    EXPECT_EQ(verify_cose_sign1(message, key.verifying_key(), to_bytes("payload")).error().code, ErrorCode::kInvalid);
  }
}

TEST(CoseForeignKeys, AlgorithmAndKeyBelongTogether) {
  for (KeyType type : {KeyType::kP256, KeyType::kP384, KeyType::kP521, KeyType::kEd25519, KeyType::kRsa}) {
    const SigningKey key = fake_key(type);
    for (std::int64_t algorithm : {-7, -8, -35, -36, -37, -38, -39}) {
      const CoseSign1 message = *parse_cose_sign1(fake_sign1(to_bytes("x"), key, {.algorithm = algorithm}));
      EXPECT_EQ(verify_cose_sign1(message, key.verifying_key()).has_value(), cose_key_type_of(algorithm) == type);
    }
    for (std::int64_t unknown : {0, -9, -47, -257, 5}) {
      const CoseSign1 message = *parse_cose_sign1(fake_sign1(to_bytes("x"), key, {.algorithm = unknown}));
      EXPECT_EQ(verify_cose_sign1(message, key.verifying_key()).error().code, ErrorCode::kInvalid);
      EXPECT_FALSE(cose_key_type_of(unknown));
      EXPECT_TRUE(cose_algorithm_name(unknown).empty());
    }
  }
}

// RFC 9052, C.2.1, with the key "11" of C.7.1.
TEST(CoseForeignKeys, VerifiesTheExampleOfTheRfc) {
  const CoseSign1 message = *parse_cose_sign1(hex(
      "d28443a10126a10442313154546869732069732074686520636f6e74656e742e58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c08"
      "3106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36"));
  const Result<VerifyingKey> key =
      parse_cose_key(hex("a5010202423131200121582"
                         "0bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff2258"
                         "20"
                         "20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e"));
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_TRUE(verify_cose_sign1(message, *key));
}

TEST(CoseMac0, EachHashVerifies) {
  const Bytes secret = to_bytes("a secret");
  for (HmacHash hash : {HmacHash::kSha256, HmacHash::kSha384, HmacHash::kSha512}) {
    const Bytes encoded = fake_mac0(to_bytes("payload"), secret, hash);
    const Result<CoseMac0> message = parse_cose_mac0(encoded);
    ASSERT_TRUE(message) << message.error().message;
    EXPECT_TRUE(verify_cose_mac0(*message, secret));
    EXPECT_EQ(verify_cose_mac0(*message, to_bytes("another")).error().code, ErrorCode::kUntrusted);
    EXPECT_EQ(verify_cose_mac0(*message, {}).error().code, ErrorCode::kInvalid);
    EXPECT_EQ(verify_cose_mac0(*message, secret, to_bytes("more")).error().code, ErrorCode::kUntrusted);
    CoseMac0 cut = *message;
    cut.code.resize(cut.code.size() / 2);  // truncated codes are other algorithms
    EXPECT_FALSE(verify_cose_mac0(cut, secret));
    cut.code.clear();
    EXPECT_FALSE(verify_cose_mac0(cut, secret));
    for (std::size_t size = 0; size < encoded.size(); ++size) {
      EXPECT_FALSE(parse_cose_mac0(BytesView(encoded).first(size)));
    }
    EXPECT_FALSE(parse_cose_sign1(encoded));  // the tags tell them apart
  }
  EXPECT_FALSE(parse_cose_mac0(fake_sign1(to_bytes("x"), fake_key(KeyType::kP256))));
  // Algorithm 4: HMAC 256/64.
  EXPECT_EQ(verify_cose_mac0(*parse_cose_mac0(hex("d18443a10104a04178480000000000000000")), secret).error().code,
            ErrorCode::kInvalid);
  EXPECT_FALSE(parse_cose_mac0(hex("d18443a10105a0f64100")));  // detached
}

// RFC 4231, 4.2 and 4.3.
TEST(Hmac, HasTheValuesOfTheRfc) {
  const Bytes key(20, std::byte{0x0b});
  EXPECT_EQ(to_hex(*hmac(HmacHash::kSha256, key, to_bytes("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(*hmac(HmacHash::kSha384, to_bytes("Jefe"), to_bytes("what do ya want for nothing?"))),
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649");
  EXPECT_EQ(
      to_hex(*hmac(HmacHash::kSha512, to_bytes("Jefe"), to_bytes("what do ya want for nothing?"))),
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6"
      "b4b636e070a38bce737");
  EXPECT_FALSE(hmac(HmacHash::kSha256, {}, to_bytes("x")));
}

// FIPS 180-4's example "abc".
TEST(Sha512, HasTheValueOfTheStandard) {
  EXPECT_EQ(
      to_hex(sha512(to_bytes("abc"))),
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e"
      "2a9ac94fa54ca49f");
}

TEST(CoseKey, EachTypeIsRead) {
  for (KeyType type : {KeyType::kP256, KeyType::kP384, KeyType::kP521}) {
    const VerifyingKey key = fake_key(type).verifying_key();
    const Bytes encoded = fake_cose_key(key);
    const Result<VerifyingKey> read = parse_cose_key(encoded);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_TRUE(std::ranges::equal(read->spki(), key.spki()));
    for (std::size_t size = 0; size < encoded.size(); ++size) {
      EXPECT_FALSE(parse_cose_key(BytesView(encoded).first(size)));
    }
  }
  const VerifyingKey ed25519 = fake_key(KeyType::kEd25519).verifying_key();
  cbor::MapWriter okp;
  okp.key(1).integer(1);
  okp.key(-1).integer(6);
  okp.key(-2).bytes(ed25519.spki().last(32));
  const auto read = parse_cose_key(cbor::Writer().map(okp).encoded());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(std::ranges::equal(read->spki(), ed25519.spki()));
  cbor::MapWriter rsa;
  rsa.key(1).integer(3);
  rsa.key(-1).bytes(Bytes(256, std::byte{0xff}));
  rsa.key(-2).bytes(hex("010001"));
  EXPECT_TRUE(parse_cose_key(cbor::Writer().map(rsa).encoded()));
  rsa.key(-3).bytes(Bytes(256, std::byte{1}));
  EXPECT_FALSE(parse_cose_key(cbor::Writer().map(rsa).encoded()));
}

TEST(CoseKey, WhatIsNoPublicKeyIsRefused) {
  const VerifyingKey key = fake_key(KeyType::kP256).verifying_key();
  const Bytes point = testing::fake_point(key);
  const BytesView x = BytesView(point).subspan(1, 32), y = BytesView(point).subspan(33);
  const auto with = [&](auto&& change) {
    cbor::MapWriter map;
    change(map);
    return parse_cose_key(cbor::Writer().map(map).encoded());
  };
  const auto ec2 = [&](cbor::MapWriter& map, std::int64_t type, std::int64_t curve) {
    map.key(1).integer(type);
    map.key(-1).integer(curve);
    map.key(-2).bytes(x);
  };
  EXPECT_TRUE(with([&](auto& map) {
    ec2(map, 2, 1);
    map.key(-3).bytes(y);
  }));
  EXPECT_FALSE(with([&](auto& map) { ec2(map, 2, 1); }));
  EXPECT_FALSE(with([&](auto& map) {
    ec2(map, 2, 1);
    map.key(-3).boolean(true);
  }));
  EXPECT_FALSE(with([&](auto& map) {
    ec2(map, 2, 2);
    map.key(-3).bytes(y);
  }));
  EXPECT_FALSE(with([&](auto& map) {
    ec2(map, 2, 8);
    map.key(-3).bytes(y);
  }));
  EXPECT_FALSE(with([&](auto& map) {
    ec2(map, 4, 1);
    map.key(-3).bytes(y);
  }));
  EXPECT_FALSE(with([&](auto& map) {
    ec2(map, 2, 1);
    map.key(-3).bytes(x);
  }));  // not on the curve
  EXPECT_FALSE(with([&](auto& map) {
    ec2(map, 2, 1);
    map.key(-3).bytes(y);
    map.key(-4).bytes(x);
  }));
  EXPECT_FALSE(parse_cose_key(hex("a0")));
  EXPECT_FALSE(parse_cose_key(hex("80")));
  EXPECT_FALSE(parse_cose_key({}));
}

}  // namespace
}  // namespace adyton
