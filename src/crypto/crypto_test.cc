// SPDX-License-Identifier: Apache-2.0
#include "crypto/crypto.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace adyton {
namespace {

Bytes hex(std::string_view text) { return *parse_hex(text); }

// FIPS 180-4's examples, as NIST publishes them.
TEST(Digest, AgreesWithFips180) {
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha384(as_bytes("abc"))),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
  EXPECT_EQ(to_hex(sha384({})),
            "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b");
}

TEST(Digest, IsTheSameInPieces) {
  Bytes message(100'000);
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::byte>(i * 7);
  Sha256 running256;
  Sha384 running384;
  BytesView rest = message;
  for (std::size_t piece = 0; !rest.empty(); ++piece) {
    const std::size_t size = std::min(piece, rest.size());
    running256.update(rest.first(size));
    running384.update(rest.first(size));
    rest = rest.subspan(size);
  }
  EXPECT_EQ(running256.finish(), sha256(message));
  EXPECT_EQ(running384.finish(), sha384(message));
}

struct HkdfVector {
  std::string_view key, info, output;
};

// Project Wycheproof, hkdf_sha384_test.json, cases 1, 2, 5 and 6 (RFC 5869 has none for SHA-384).
TEST(Hkdf, AgreesWithWycheproof) {
  const HkdfVector vectors[] = {
      {"60ab7f45b0ad534683b3a6c020d4f775", "", "3f8b0e4a7b2bff01a26a18f1e07c0218897a324e"},
      {"e3db76e02278cbd2adbcb4555803da11", "",
       "54d872ee6079718738b96cad7573bdd667aef80a43344ccdd2488eb2e1d3c33b9e291faf89609af32365"},
      {"4055536896c406d5fe14a6cd6b999bff", "2094768a8816f7df070d6e08b7ad93755dc9024b",
       "14a650a903d54e0de9962f5462deb135071cd1e3051ecacd65d378b6181b41e1e1ab3b5d2143b710c728"},
      {"5b01b2da3166f217cdd68de8af60078f", "6884cfa7ffe8f27bf4ebc6e46a7e01488c79243a",
       "7bf6c7c72fa9bf184f9a2e13077a0e1afb9d976a5574fb7ec819d8bafb9b10f962e6fa8bc6a844ee0b609eee34aaaa025065a7e3a7fe467"
       "8a"
       "005640f7dc286c2"},
  };
  for (const HkdfVector& vector : vectors) {
    const Result<Secret> output = hkdf(hex(vector.key), hex(vector.info), vector.output.size() / 2);
    ASSERT_TRUE(output) << output.error().message;
    EXPECT_EQ(to_hex(output->expose()), vector.output);
  }
}

TEST(Hkdf, LimitsItsOutput) {
  const Bytes key(32);
  EXPECT_EQ(hkdf(key, {}, 255 * 48)->size(), 255u * 48);
  EXPECT_EQ(hkdf(key, {}, 255 * 48 + 1).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(hkdf(key, {}, 0).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(hkdf({}, {}, 32).error().code, ErrorCode::kInvalid);
}

struct GcmVector {
  std::string_view key, nonce, plain, associated, cipher_text, tag;
};

// NIST CAVP, gcmEncryptExtIV256.rsp: the first case of each of four groups with 96-bit nonces and 128-bit tags.
constexpr GcmVector kGcmVectors[] = {
    {"b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4", "516c33929df5a3284ff463d7", "", "", "",
     "bdc1ac884d332457a1d2664f168c76f0"},
    {"886cff5f3e6b8d0e1ad0a38fcdb26de97e8acbe79f6bed66959a598fa5047d65", "3a8efa1cd74bbab5448f9945", "",
     "519fee519d25c7a304d6c6aa1897ee1eb8c59655", "", "f6d47505ec96c98a42dc3ae719877b87"},
    {"31bdadd96698c204aa9ce1448ea94ae1fb4a9a0b3c9d773b51bb1822666b8f22", "0d18e06c7c725ac9e362e1ce",
     "2db5168e932556f8089a0622981d017d", "", "fa4362189661d163fcd6a56d8bf0405a", "d636ac1bbedd5cc3ee727dc2ab4a9489"},
    {"24501ad384e473963d476edcfe08205237acfd49b5b8f33857f8114e863fec7f", "9ff18563b978ec281b3f2794",
     "27f348f9cdc0c5bd5e66b1ccb63ad920ff2219d14e8d631b3872265cf117ee86757accb158bd9abb3868fdc0d0b074b5f01b2c",
     "adb5ec720ccf9898500028bf34afccbcaca126ef",
     "eb7cb754c824e8d96f7c6d9b76c7d26fb874ffbf1d65c6f64a698d839b0b06145dae82057ad55994cf59ad7f67c0fa5e85fab8",
     "bc95c532fecc594c36d1550286a7a3f0"},
};

TEST(Aead, AgreesWithNist) {
  for (const GcmVector& vector : kGcmVectors) {
    Aead aead = *Aead::make(Secret::copy_of(hex(vector.key)));
    const Bytes nonce = hex(vector.nonce), associated = hex(vector.associated), plain = hex(vector.plain);
    // Twice over the same object: nothing of the first message may be left in the second.
    for (int round = 0; round < 2; ++round) {
      const Result<Bytes> sealed = aead.seal(nonce, associated, plain);
      ASSERT_TRUE(sealed) << sealed.error().message;
      EXPECT_EQ(to_hex(*sealed), std::string(vector.cipher_text) + std::string(vector.tag));
      const Result<Bytes> opened = aead.open(nonce, associated, *sealed);
      ASSERT_TRUE(opened) << opened.error().message;
      EXPECT_EQ(*opened, plain);
    }
  }
}

TEST(Aead, RefusesWhatWasAltered) {
  const GcmVector& vector = kGcmVectors[3];
  Aead aead = *Aead::make(Secret::copy_of(hex(vector.key)));
  const Bytes nonce = hex(vector.nonce), associated = hex(vector.associated);
  const Bytes sealed = *aead.seal(nonce, associated, hex(vector.plain));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes altered = sealed;
    altered[i] ^= std::byte{1};
    EXPECT_EQ(aead.open(nonce, associated, altered).error().code, ErrorCode::kUntrusted) << i;
    EXPECT_EQ(aead.open(nonce, associated, BytesView(sealed).first(i)).error().code, ErrorCode::kUntrusted) << i;
  }
  Bytes other = associated;
  other[0] ^= std::byte{1};
  EXPECT_EQ(aead.open(nonce, other, sealed).error().code, ErrorCode::kUntrusted);
  EXPECT_EQ(aead.open(nonce, {}, sealed).error().code, ErrorCode::kUntrusted);
  other = nonce;
  other[11] ^= std::byte{1};
  EXPECT_EQ(aead.open(other, associated, sealed).error().code, ErrorCode::kUntrusted);
  Aead stranger = *Aead::make(Secret(32));
  EXPECT_EQ(stranger.open(nonce, associated, sealed).error().code, ErrorCode::kUntrusted);
  // A refusal leaves the object usable.
  EXPECT_TRUE(aead.open(nonce, associated, sealed));
}

TEST(Aead, WantsItsSizes) {
  EXPECT_EQ(Aead::make(Secret(16)).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(Aead::make(Secret()).error().code, ErrorCode::kInvalid);
  Aead aead = *Aead::make(Secret(32));
  EXPECT_EQ(aead.seal(Bytes(11), {}, {}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(aead.open(Bytes(13), {}, Bytes(16)).error().code, ErrorCode::kInvalid);
  Aead moved = std::move(aead);
  EXPECT_EQ(moved.seal(Bytes(12), {}, {})->size(), Aead::kTagBytes);
}

TEST(RandomBytes, AreDifferentEachTime) {
  Bytes first(32), second(32);
  ASSERT_TRUE(random_bytes(first));
  ASSERT_TRUE(random_bytes(second));
  EXPECT_NE(first, second);
  EXPECT_TRUE(random_bytes({}));
}

}  // namespace
}  // namespace adyton
