// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/psa_token.h"

#include <limits>

#include <gtest/gtest.h>

#include "base/cursor.h"
#include "testing/fake_arm.h"

namespace adyton {
namespace {

using testing::fake_mac0;
using testing::fake_sign1;
using testing::FakePsaClaims;

SigningKey key() { return testing::fake_key(KeyType::kP256); }

Result<PsaToken> parse_with(void (*change)(FakePsaClaims&)) {
  FakePsaClaims claims;
  change(claims);
  return parse_psa_token(fake_sign1(claims.payload(), key()));
}

TEST(PsaToken, IsReadInEachProfile) {
  FakePsaClaims rfc, tfm, old, old_without_profile;
  tfm.profile = "http://arm.com/psa/2.0.0";
  tfm.boot_seed_label = 2397;
  old.old_labels = old_without_profile.old_labels = true;
  old.profile = "PSA_IOT_PROFILE_1";
  old_without_profile.profile.reset();
  const std::pair<const FakePsaClaims*, PsaProfile> all[] = {{&rfc, PsaProfile::kRfc9783},
                                                             {&tfm, PsaProfile::kTfm2},
                                                             {&old, PsaProfile::kIot1},
                                                             {&old_without_profile, PsaProfile::kIot1}};
  for (const auto& [claims, profile] : all) {
    for (const Bytes& encoded :
         {fake_sign1(claims->payload(), key()), fake_mac0(claims->payload(), to_bytes("secret"))}) {
      const Result<PsaToken> token = parse_psa_token(encoded);
      ASSERT_TRUE(token) << token.error().message;
      EXPECT_EQ(looks_like_psa_token(encoded), claims->profile.has_value());
      EXPECT_EQ(token->profile, profile);
      EXPECT_EQ(token->profile_name, claims->profile.value_or(""));
      EXPECT_EQ(to_bytes(token->payload()), claims->payload());
      EXPECT_EQ(token->nonce, claims->nonce);
      EXPECT_EQ(token->instance_id, claims->instance_id);
      EXPECT_EQ(token->implementation_id, claims->implementation_id);
      EXPECT_EQ(token->client_id, 7);
      EXPECT_EQ(token->lifecycle, 0x3000);
      EXPECT_EQ(token->boot_seed, claims->boot_seed);
      EXPECT_EQ(token->certification_reference, *claims->certification_reference);
      EXPECT_EQ(token->verification_service, *claims->verification_service);
      ASSERT_EQ(token->components.size(), 1U);
      EXPECT_EQ(token->components[0].type, "BL");
      EXPECT_EQ(token->components[0].measurement, claims->components[0].measurement);
    }
  }
}

TEST(PsaToken, EveryTruncationAndAddedByteIsRefused) {
  const Bytes payload = FakePsaClaims().payload();
  for (Bytes encoded : {fake_sign1(payload, key()), fake_mac0(payload, to_bytes("secret"))}) {
    for (std::size_t size = 0; size < encoded.size(); ++size) {
      EXPECT_FALSE(parse_psa_token(BytesView(encoded).first(size))) << size;
    }
    encoded.push_back(std::byte{0});
    EXPECT_FALSE(parse_psa_token(encoded));
  }
  for (std::size_t size = 0; size < payload.size(); ++size) {
    EXPECT_FALSE(parse_psa_token(fake_mac0(BytesView(payload).first(size), to_bytes("secret")))) << size;
  }
}

// The smallest integer stood for "no such label", and was taken for one.
TEST(PsaToken, NoLabelIsNoLabel) {
  FakePsaClaims claims;
  claims.left_out = 2399;  // the software components
  Bytes payload = claims.payload();
  ASSERT_EQ(payload[0] & std::byte{0xe0}, std::byte{0xa0});
  payload[0] = static_cast<std::byte>(std::to_integer<unsigned>(payload[0]) + 1);
  append(payload, cbor::Writer().integer(std::numeric_limits<std::int64_t>::min()).integer(1).encoded());
  EXPECT_FALSE(parse_psa_token(fake_sign1(payload, key())));
}

TEST(PsaToken, EachClaimHasItsLimits) {
  using C = FakePsaClaims;
  for (std::int64_t label : {2394, 2395, 2396, 2399, 10, 256}) {
    C claims;
    claims.left_out = label;
    EXPECT_FALSE(parse_psa_token(fake_sign1(claims.payload(), key()))) << label;
  }
  for (std::int64_t label : {2398, 2400, 268}) {
    C claims;
    claims.left_out = label;
    EXPECT_TRUE(parse_psa_token(fake_sign1(claims.payload(), key()))) << label;
  }
  EXPECT_FALSE(parse_with([](C& c) { c.nonce = Bytes(31); }));
  EXPECT_FALSE(parse_with([](C& c) { c.nonce = Bytes(40); }));
  EXPECT_TRUE(parse_with([](C& c) { c.nonce = Bytes(64); }));
  EXPECT_FALSE(parse_with([](C& c) { c.instance_id = Bytes(33); }));
  EXPECT_FALSE(parse_with([](C& c) { c.instance_id = Bytes(32, std::byte{1}); }));
  EXPECT_FALSE(parse_with([](C& c) { c.implementation_id = Bytes(33); }));
  EXPECT_FALSE(parse_with([](C& c) { c.client_id = std::int64_t{1} << 31; }));
  EXPECT_TRUE(parse_with([](C& c) { c.client_id = -(std::int64_t{1} << 31); }));
  for (std::uint64_t bad : {0x0100, 0x3100, 0x7000, 0x6100, 0x10000}) {
    C claims;
    claims.lifecycle = bad;
    EXPECT_FALSE(parse_psa_token(fake_sign1(claims.payload(), key()))) << bad;
  }
  EXPECT_FALSE(parse_with([](C& c) { c.boot_seed = Bytes(7); }));
  EXPECT_FALSE(parse_with([](C& c) { c.boot_seed = Bytes(33); }));
  EXPECT_FALSE(parse_with([](C& c) { c.profile = "tag:psacertified.org,2099:psa#new"; }));
  EXPECT_FALSE(parse_with([](C& c) { c.profile.reset(); }));  // labels of RFC 9783 need one
  EXPECT_FALSE(parse_with([](C& c) { c.verification_service = std::string(257, 'x'); }));
  EXPECT_FALSE(parse_with([](C& c) { c.components.clear(); }));
  EXPECT_FALSE(parse_with([](C& c) { c.components.resize(65); }));
  EXPECT_TRUE(parse_with([](C& c) { c.components.resize(64); }));
  EXPECT_FALSE(parse_with([](C& c) { c.components[0].measurement = Bytes(20); }));
  EXPECT_FALSE(parse_with([](C& c) { c.components[0].signer = Bytes(); }));
  EXPECT_FALSE(parse_with([](C& c) { c.no_components = true; }));  // only PSA_IOT_PROFILE_1 has that claim
  const auto none = parse_with([](C& c) {
    c.old_labels = c.no_components = true;
    c.profile = "PSA_IOT_PROFILE_1";
  });
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->components.empty());
}

TEST(PsaToken, EnvelopeIsTagged) {
  const Bytes payload = FakePsaClaims().payload();
  EXPECT_FALSE(parse_psa_token(fake_sign1(payload, key(), {.tagged = false})));
  CoseSign1 detached = *parse_cose_sign1(fake_sign1(payload, key()));
  detached.payload.reset();
  EXPECT_FALSE(parse_psa_token(encode_cose_sign1(detached)));
  EXPECT_FALSE(parse_psa_token(Bytes(16385, std::byte{0xd2})));
  EXPECT_FALSE(looks_like_psa_token(fake_sign1(to_bytes("x"), key())));
}

}  // namespace
}  // namespace adyton
