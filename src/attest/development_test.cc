// SPDX-License-Identifier: Apache-2.0
#include "attest/development.h"

#include <gtest/gtest.h>

#include "base/cbor.h"

namespace adyton {
namespace {

class DevelopmentEvidenceTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    root = new PrivateKey(*PrivateKey::generate(KeyKind::kP384));
    evidence = new Bytes(*make_development_evidence(claims(), *root));
  }
  static void TearDownTestSuite() {
    delete root;
    delete evidence;
  }

  static DevelopmentClaims claims() {
    DevelopmentClaims out{.backend = "process",
                          .identity = {.name = "vault", .product = 7, .svn = 300, .debug = true},
                          .report_data = Bytes(64, std::byte{0x33})};
    out.identity.image.fill(std::byte{0x11});
    out.identity.signer.fill(std::byte{0x22});
    return out;
  }
  // Parses and verifies.
  static Result<VerifiedDevelopmentEvidence> check(BytesView bytes, const PublicKey& trusted) {
    auto parsed = parse_development_evidence(bytes);
    if (!parsed) return std::move(parsed).error();
    return verify_development_evidence(*parsed, trusted);
  }
  // Evidence with this payload, properly signed.
  static Bytes signed_payload(Bytes payload) {
    auto message = *parse_cose_sign1(*evidence);
    message.signature = *root->sign(cose_to_be_signed(message.protected_headers, payload));
    message.payload = std::move(payload);
    return encode_cose_sign1(message);
  }

  static PrivateKey* root;
  static Bytes* evidence;
};
PrivateKey* DevelopmentEvidenceTest::root = nullptr;
Bytes* DevelopmentEvidenceTest::evidence = nullptr;

TEST_F(DevelopmentEvidenceTest, SaysWhatWasSigned) {
  const auto verified = check(*evidence, root->public_key());
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->claims(), claims());
  EXPECT_EQ(verified->identity(), claims().identity);
  EXPECT_EQ(parse_development_evidence(*evidence)->root_fingerprint(), root->public_key().fingerprint());
}

TEST_F(DevelopmentEvidenceTest, AnotherRootIsNotTrusted) {
  const auto other = *PrivateKey::generate(KeyKind::kP384);
  const auto verified = check(*evidence, other.public_key());
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::kUntrusted);
  EXPECT_NE(verified.error().message.find(to_hex(other.public_key().fingerprint())), std::string::npos);
}

// A forger who names the trusted root but cannot sign with it.
TEST_F(DevelopmentEvidenceTest, ANamedRootIsNotASignature) {
  const auto forger = *PrivateKey::generate(KeyKind::kP384);
  auto message = *parse_cose_sign1(*evidence);
  message.signature = *forger.sign(cose_to_be_signed(message.protected_headers, *message.payload));
  const auto verified = check(encode_cose_sign1(message), root->public_key());
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::kUntrusted);
}

TEST_F(DevelopmentEvidenceTest, AnotherKindOfKeyIsNotARoot) {
  const auto small = *PrivateKey::generate(KeyKind::kP256);
  const auto made = make_development_evidence(claims(), small);
  ASSERT_TRUE(made);
  EXPECT_FALSE(check(*made, small.public_key()));
}

TEST_F(DevelopmentEvidenceTest, EveryTruncationIsInvalid) {
  for (std::size_t size = 0; size < evidence->size(); ++size) {
    const auto parsed = parse_development_evidence(BytesView(*evidence).first(size));
    ASSERT_FALSE(parsed) << size;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid);
  }
  Bytes longer = *evidence;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(parse_development_evidence(longer));
}

TEST_F(DevelopmentEvidenceTest, EveryBitFlipIsRefused) {
  const PublicKey trusted = root->public_key();
  for (std::size_t bit = 0; bit < evidence->size() * 8; ++bit) {
    Bytes flipped = *evidence;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    EXPECT_FALSE(check(flipped, trusted)) << bit;
  }
}

TEST_F(DevelopmentEvidenceTest, AnUntaggedEnvelopeIsInvalid) {
  EXPECT_FALSE(parse_development_evidence(BytesView(*evidence).subspan(1)));
}

TEST_F(DevelopmentEvidenceTest, ClaimsOutOfRangeAreNeitherMadeNorTaken) {
  const auto refused = [&](auto change) {
    DevelopmentClaims changed = claims();
    change(changed);
    return !make_development_evidence(changed, *root);
  };
  EXPECT_FALSE(refused([](DevelopmentClaims& c) { c.report_data.clear(); }));
  EXPECT_TRUE(refused([](DevelopmentClaims& c) { c.report_data.resize(65); }));
  EXPECT_TRUE(refused([](DevelopmentClaims& c) { c.backend = ""; }));
  EXPECT_TRUE(refused([](DevelopmentClaims& c) { c.backend = "Process"; }));
  EXPECT_TRUE(refused([](DevelopmentClaims& c) { c.identity.name = "a b"; }));
  EXPECT_TRUE(refused([](DevelopmentClaims& c) { c.identity.name = std::string(65, 'a'); }));
}

// Whatever the root signs, only the one shape is evidence.
TEST_F(DevelopmentEvidenceTest, SignedNonsenseIsInvalid) {
  const auto entry = [](auto&&... add) {
    cbor::MapWriter map;
    map.key("format").text("adyton-development-evidence-1");
    map.key("backend").text("process");
    map.key("image").bytes(Bytes(48));
    map.key("signer").bytes(Bytes(48));
    map.key("name").text("vault");
    map.key("product").unsigned_integer(1);
    map.key("debug").boolean(false);
    map.key("report_data").bytes({});
    (add(map), ...);
    return cbor::Writer().map(map).encoded();
  };
  const auto svn = [](std::uint64_t value) {
    return [value](cbor::MapWriter& map) { map.key("svn").unsigned_integer(value); };
  };
  EXPECT_TRUE(check(signed_payload(entry(svn(65'535))), root->public_key()));
  EXPECT_FALSE(check(signed_payload(entry(svn(65'536))), root->public_key()));
  EXPECT_FALSE(check(signed_payload(entry()), root->public_key()));  // no svn
  EXPECT_FALSE(check(signed_payload(entry(svn(1), [](auto& map) { map.key("more").null(); })), root->public_key()));
  EXPECT_FALSE(check(signed_payload({}), root->public_key()));
  EXPECT_FALSE(check(signed_payload(cbor::Writer().text("hello").encoded()), root->public_key()));
}

}  // namespace
}  // namespace adyton
