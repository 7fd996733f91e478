// SPDX-License-Identifier: Apache-2.0
#include "crypto/cose.h"

#include <gtest/gtest.h>

namespace adyton {
namespace {

Bytes hex(std::string_view text) { return *parse_hex(text); }

PublicKey p256_key(std::string_view point) {
  return *PublicKey::parse_der(hex("3059301306072a8648ce3d020106082a8648ce3d03010703420004" + std::string(point)));
}
PublicKey p384_key(std::string_view point) {
  return *PublicKey::parse_der(hex("3076301006072a8648ce3d020106052b8104002203620004" + std::string(point)));
}

// RFC 9052, C.2.1, with the key "11" of C.7.1.
constexpr std::string_view kRfcMessage =
    "d28443a10126a10442313154546869732069732074686520636f6e74656e742e58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106"
    "c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36";
constexpr std::string_view kRfcKey =
    "bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6f"
    "b6ed28bbfc117e";
constexpr std::string_view kContent = "This is the content.";

TEST(CoseSign1, ReadsAndWritesTheExampleOfTheRfc) {
  const Result<CoseSign1> message = parse_cose_sign1(hex(kRfcMessage));
  ASSERT_TRUE(message) << message.error().message;
  EXPECT_EQ(to_hex(message->protected_headers), "a10126");
  EXPECT_EQ(to_hex(message->unprotected_headers), "a104423131");
  EXPECT_EQ(as_text(*message->payload), kContent);
  EXPECT_TRUE(verify_cose_sign1(*message, p256_key(kRfcKey)));
  EXPECT_EQ(to_hex(encode_cose_sign1(*message)), kRfcMessage);
  EXPECT_EQ(to_hex(*find_cose_header(message->unprotected_headers, kCoseKeyId).value()), "423131");
  EXPECT_FALSE(find_cose_header(message->unprotected_headers, kCoseContentType)->has_value());
  EXPECT_FALSE(find_cose_header(hex("00"), kCoseKeyId));
}

// cose-wg/Examples: sign1-tests/sign-pass-02, with external data; ecdsa-examples/ecdsa-sig-02, with P-384.
TEST(CoseSign1, VerifiesTheExamplesOfTheWorkingGroup) {
  const CoseSign1 external = *parse_cose_sign1(
      hex("d28443a10126a10442313154546869732069732074686520636f6e74656e742e5840eae868ecc176883766c5dc5ba5b8dca25dab3c2e"
          "56a551ce5705b793914348e155388b10c4f1b59a6733eab416870a945111a4b2fbdbef33a77234b1deff2f9b"));
  const Bytes data = hex("11aa22bb33cc44dd55006699");
  EXPECT_EQ(to_hex(cose_to_be_signed(external.protected_headers, *external.payload, data)),
            "846a5369676e61747572653143a101264c11aa22bb33cc44dd5500669954546869732069732074686520636f6e74656e742e");
  EXPECT_TRUE(verify_cose_sign1(external, p256_key(kRfcKey), {}, data));
  EXPECT_EQ(verify_cose_sign1(external, p256_key(kRfcKey)).error().code, ErrorCode::kUntrusted);

  const CoseSign1 p384 = *parse_cose_sign1(
      hex("d28444a1013822a104445033383454546869732069732074686520636f6e74656e742e5860b8f85eff78c88f5351ced2f1887b79b296"
          "490795594b62e41e22529bb90208b7d8cddd4a46d0e9c986464d83d0a5d1edf39b3e2c5750364230d0e8d76460d8808e76c83830fbbd"
          "1978cc174066eb437f17887979ecf027dcc9d51baf6c4fd8c0"));
  const PublicKey key = p384_key(
      "9132723f6292b010619dbe248d698c17b58756c639e7150f81bee4eb8ac37236ad0a1a19d67be32a66263e1e524d129c98cd3078c554"
      "d832ac603c4326410ff61662459b41f1f3df5dbcc83598ff7c5ed8411ca735679d1c4cb3009397d9ef2c");
  EXPECT_TRUE(verify_cose_sign1(p384, key));
}

CoseSign1 signed_message(const PrivateKey& key, std::optional<Bytes> payload, BytesView content) {
  CoseSign1 message;
  cbor::MapWriter headers;
  headers.key(kCoseAlgorithm).integer(cose_algorithm_of(key.public_key().kind()));
  message.protected_headers = cbor::Writer().map(headers).encoded();
  message.unprotected_headers = cbor::Writer().map({}).encoded();
  message.payload = std::move(payload);
  message.signature = *key.sign(cose_to_be_signed(message.protected_headers, content));
  return message;
}

TEST(CoseSign1, WorksWithEveryKindOfKey) {
  for (const KeyKind kind : {KeyKind::kP256, KeyKind::kP384, KeyKind::kEd25519, KeyKind::kRsa3072}) {
    const PrivateKey key = *PrivateKey::generate(kind);
    const CoseSign1 attached = signed_message(key, to_bytes(kContent), as_bytes(kContent));
    const CoseSign1 parsed = *parse_cose_sign1(encode_cose_sign1(attached));
    EXPECT_TRUE(verify_cose_sign1(parsed, key.public_key()));
    const CoseSign1 detached = *parse_cose_sign1(encode_cose_sign1(signed_message(key, {}, as_bytes(kContent))));
    EXPECT_FALSE(detached.payload);
    EXPECT_TRUE(verify_cose_sign1(detached, key.public_key(), as_bytes(kContent)));
    EXPECT_EQ(verify_cose_sign1(detached, key.public_key(), as_bytes("else")).error().code, ErrorCode::kUntrusted);
    const PublicKey other = PrivateKey::generate(kind)->public_key();
    EXPECT_EQ(verify_cose_sign1(parsed, other).error().code, ErrorCode::kUntrusted);
  }
}

TEST(CoseSign1, WantsExactlyOnePayload) {
  const PrivateKey key = *PrivateKey::generate(KeyKind::kEd25519);
  const CoseSign1 attached = signed_message(key, to_bytes(kContent), as_bytes(kContent));
  const CoseSign1 detached = signed_message(key, {}, as_bytes(kContent));
  EXPECT_EQ(verify_cose_sign1(attached, key.public_key(), as_bytes(kContent)).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(verify_cose_sign1(detached, key.public_key()).error().code, ErrorCode::kInvalid);
}

TEST(CoseSign1, HoldsTheAlgorithmToTheKey) {
  const PrivateKey key = *PrivateKey::generate(KeyKind::kP256);
  CoseSign1 message = signed_message(key, to_bytes(kContent), as_bytes(kContent));
  message.protected_headers = hex("a10127");  // EdDSA
  message.signature = *key.sign(cose_to_be_signed(message.protected_headers, *message.payload));
  const Result<void> result = verify_cose_sign1(message, key.public_key());
  EXPECT_EQ(result.error().code, ErrorCode::kUntrusted);
  EXPECT_NE(result.error().message.find("algorithm -8"), std::string::npos);
}

TEST(CoseSign1, RefusesOtherForms) {
  const std::string_view refused[] = {
      "",
      "d18443a10126a0414144"
      "00000000",          // COSE_Mac0's tag
      "8343a10126a04141",  // three elements
      "8443a10126a041414400000000"
      "00",                                // a byte too many
      "84a10126a041414400000000",          // protected headers not wrapped
      "8440a041414400000000",              // no protected headers
      "8441a0a041414400000000",            // no algorithm
      "8443a10426a041414400000000",        // no algorithm
      "8444a1016161a041414400000000",      // an algorithm that is a text
      "8446a20126028101a041414400000000",  // critical headers
      "8443a10126a1012641414400000000",    // the algorithm in both maps
      "8443a10126a102810141414400000000",  // critical headers that are not protected
      "8443a1012680"
      "41414400000000",  // unprotected headers that are no map
      "8443a10126a2040004004141"
      "4400000000",                    // a label twice
      "8444a1012600a041414400000000",  // a byte after the protected headers
      "8443a10126a0f54400000000",      // a payload that is not bytes
      "8443a10126a04141f6",            // no signature
  };
  for (const std::string_view bad : refused) {
    EXPECT_EQ(parse_cose_sign1(hex(bad)).error().code, ErrorCode::kInvalid) << bad;
    EXPECT_EQ(parse_cose_sign1(hex(bad), {.deterministic = false}).error().code, ErrorCode::kInvalid) << bad;
  }
  EXPECT_TRUE(parse_cose_sign1(hex("8443a10126a041414400000000")));
  // Headers in any order only when not deterministic.
  const Bytes unordered =
      hex("8443a10126a2044105034106"
          "41414400000000");
  EXPECT_FALSE(parse_cose_sign1(unordered));
  EXPECT_TRUE(parse_cose_sign1(unordered, {.deterministic = false}));
}

TEST(CoseSign1, LimitsItsHeaders) {
  cbor::MapWriter many;
  for (int i = 0; i < 65; ++i) many.key(1000 + i).null();
  CoseSign1 message{hex("a10126"), cbor::Writer().map(many).encoded(), {}, Bytes(64)};
  EXPECT_FALSE(parse_cose_sign1(encode_cose_sign1(message)));
}

TEST(CoseSign1, RefusesEveryTruncationAndFlip) {
  const Bytes whole = hex(kRfcMessage);
  const PublicKey key = p256_key(kRfcKey);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_FALSE(parse_cose_sign1(BytesView(whole).first(i))) << i;
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes flipped = whole;
      flipped[i] ^= static_cast<std::byte>(1u << bit);
      const Result<CoseSign1> message = parse_cose_sign1(flipped);
      if (!message) continue;
      // Only the unprotected headers are not signed.
      const bool same = message->unprotected_headers != hex("a104423131");
      EXPECT_EQ(verify_cose_sign1(*message, key).has_value(), same) << i << " bit " << bit;
    }
  }
}

}  // namespace
}  // namespace adyton
