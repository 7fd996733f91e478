// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/cca_token.h"

#include <gtest/gtest.h>

#include "testing/fake_arm.h"

namespace adyton {
namespace {

using testing::fake_sign1;
using testing::FakeCca;

Result<CcaToken> parse_with(void (*change)(FakeCca&)) {
  FakeCca cca;
  change(cca);
  return parse_cca_token(cca.token());
}

TEST(CcaToken, IsReadInEachCollection) {
  for (std::uint64_t tag : {399, 907}) {
    FakeCca cca;
    cca.tag = tag;
    const Bytes encoded = cca.token();
    EXPECT_TRUE(looks_like_cca_token(encoded));
    const Result<CcaToken> token = parse_cca_token(encoded);
    ASSERT_TRUE(token) << token.error().message;
    EXPECT_EQ(token->encoded, encoded);
    ASSERT_TRUE(token->platform);
    EXPECT_EQ(token->platform->profile, cca.platform_profile);
    EXPECT_EQ(token->platform->instance_id, cca.instance_id);
    EXPECT_EQ(token->platform->binding, to_bytes(sha512(cca.realm_public_key())));
    EXPECT_EQ(token->platform->lifecycle, 0x3003);
    EXPECT_EQ(token->platform->components.size(), 2U);
    EXPECT_EQ(token->platform->components[1].type, "RMM");
    EXPECT_EQ(token->realm.challenge, cca.challenge);
    EXPECT_EQ(token->realm.public_key, cca.realm_public_key());
    EXPECT_EQ(token->realm.initial_measurement, cca.initial_measurement);
    EXPECT_EQ(token->realm.measurements[3], cca.initial_measurement);
    EXPECT_EQ(token->realm.key_hash_algorithm, "sha-512");
  }
}

TEST(CcaToken, ProfilesOf2026BindByAnotherClaim) {
  for (const char* profile : {"tag:arm.com,2026:cca_platform#2.0.0", "tag:arm.com,2026:cca_platform#2.1.0;delegated"}) {
    FakeCca cca;
    cca.platform_profile = profile;
    EXPECT_FALSE(parse_cca_token(cca.token())) << profile;
    cca.binding_label = 2408;
    EXPECT_TRUE(parse_cca_token(cca.token())) << profile;
  }
  EXPECT_FALSE(parse_with([](FakeCca& c) {
    c.platform_profile = "tag:arm.com,2026:cca_platform#2.0.0;direct";
    c.binding_label = 2408;
  }));
}

TEST(CcaToken, EveryTruncationAndAddedByteIsRefused) {
  const FakeCca cca;
  Bytes encoded = cca.token();
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    EXPECT_FALSE(parse_cca_token(BytesView(encoded).first(size))) << size;
  }
  encoded.push_back(std::byte{0});
  EXPECT_FALSE(parse_cca_token(encoded));
  const Bytes platform = cca.platform_payload(), realm = cca.realm_payload();
  for (std::size_t size = 0; size < platform.size(); size += 5) {
    FakeCca cut;
    cut.platform_token = fake_sign1(BytesView(platform).first(size), cca.platform_key);
    EXPECT_FALSE(parse_cca_token(cut.token())) << size;
  }
  for (std::size_t size = 0; size < realm.size(); size += 5) {
    FakeCca cut;
    cut.realm_token = fake_sign1(BytesView(realm).first(size), cca.realm_key);
    EXPECT_FALSE(parse_cca_token(cut.token())) << size;
  }
}

TEST(CcaToken, EachClaimHasItsLimits) {
  for (std::int64_t label : {10, 2396, 256, 2401, 2395, 2399, 2402, 44235, 44236, 44237, 44238, 44239, 44240}) {
    FakeCca cca;
    cca.left_out = label;
    EXPECT_FALSE(parse_cca_token(cca.token())) << label;
  }
  FakeCca no_service;
  no_service.left_out = 2400;
  EXPECT_TRUE(parse_cca_token(no_service.token()));
  EXPECT_FALSE(parse_with([](FakeCca& c) { c.platform_profile = "tag:arm.com,2099:cca_platform#9"; }));
  EXPECT_FALSE(parse_with([](FakeCca& c) { c.binding = Bytes(20); }));
  EXPECT_FALSE(parse_with([](FakeCca& c) { c.instance_id[0] = std::byte{2}; }));
  EXPECT_FALSE(parse_with([](FakeCca& c) { c.lifecycle = 0x7000; }));
  EXPECT_FALSE(parse_with([](FakeCca& c) { c.components.clear(); }));
  EXPECT_FALSE(parse_with([](FakeCca& c) { c.challenge.pop_back(); }));
  EXPECT_FALSE(parse_with([](FakeCca& c) { c.initial_measurement.pop_back(); }));
  EXPECT_FALSE(parse_with([](FakeCca& c) { c.measurements = 3; }));
  EXPECT_FALSE(parse_with([](FakeCca& c) { c.measurements = 5; }));
}

TEST(CcaToken, CollectionHasBothTokensAndNothingElse) {
  EXPECT_FALSE(parse_with([](FakeCca& c) { c.no_realm = true; }));
  EXPECT_FALSE(parse_with([](FakeCca& c) { c.tag = 398; }));
  EXPECT_FALSE(parse_with([](FakeCca& c) { c.platform_cose.tagged = false; }));
  EXPECT_FALSE(parse_with([](FakeCca& c) { c.realm_cose.tagged = false; }));
  EXPECT_FALSE(parse_cca_token(*parse_hex("d9018fa0")));
  EXPECT_FALSE(parse_cca_token(*parse_hex("d9018fa10140")));
  EXPECT_FALSE(looks_like_cca_token(*parse_hex("d9018fa10140")));
  EXPECT_FALSE(parse_cca_token(Bytes(65537)));
}

// virtCCA: the realm token alone, its claims in a byte string once more.
TEST(CcaToken, RealmAloneMayBeWrappedTwice) {
  FakeCca cca;
  cca.no_platform = true;
  cca.realm_token = fake_sign1(cbor::Writer().bytes(cca.realm_payload()).encoded(), cca.realm_key);
  const Result<CcaToken> token = parse_cca_token(cca.token());
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_FALSE(token->platform);
  cca.no_platform = false;  // that is not Arm's form
  EXPECT_FALSE(parse_cca_token(cca.token()));
}

}  // namespace
}  // namespace adyton
