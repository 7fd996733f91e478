// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/chain.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "testing/chain_fixture.h"
#include "testing/fake_pki.h"

namespace adyton {
namespace {

using testing::FakeCa;
using testing::FakeIdentity;
using testing::FakeOptions;
using Fixture = testing::ChainFixture;
using testing::kFakeDay;
using testing::kFakeNow;
using testing::oid;

TEST(Chain, IsFoundInAnyOrderAndPlace) {
  Fixture f;
  EXPECT_TRUE(f.verify().clean()) << f.all();
  ASSERT_EQ(f.findings.chain.size(), 3U);
  EXPECT_FALSE(f.findings.chain[0].anchor);
  EXPECT_TRUE(f.findings.chain[2].anchor);
  for (const Check& check : f.findings.checks) EXPECT_EQ(check.what, testing::kWhat);

  FakeCa lower = f.middle.issue_ca("Lower");
  const FakeIdentity leaf = lower.issue("Deep leaf");
  std::vector<Certificate> pool = {lower.certificate(), leaf.certificate, f.root.certificate(), f.middle.certificate()};
  do {
    EXPECT_TRUE(f.verify(leaf.certificate, pool).clean()) << f.all();
  } while (std::ranges::next_permutation(pool, {}, [](const Certificate& c) { return c.subject().text; }).found);

  f.collateral.add(f.middle.certificate());
  EXPECT_TRUE(f.verify(f.leaf.certificate, {}).clean()) << f.all();
}

TEST(Chain, NamesItsLinksByTheRolesAndHasToHaveTheirNumber) {
  Fixture f;
  f.rules.roles = {"VCEK", "ASK", "ARK"};
  EXPECT_TRUE(f.verify().clean()) << f.all();
  EXPECT_EQ(f.findings.chain[1].role, "ASK");
  f.rules.roles = {"VCEK", "ARK"};
  EXPECT_TRUE(f.verify().only(Outcome::kFailed, "3 certificates, where 2 belong")) << f.all();
  EXPECT_FALSE(f.trusted);
}

TEST(Chain, OfOneIsTheAnchorItself) {
  Fixture f;
  EXPECT_TRUE(f.verify(f.root.certificate(), {}).clean()) << f.all();
  f.anchors.certificates[0].use = AnchorUse::kAws;
  f.verify(f.root.certificate(), {});
  EXPECT_TRUE(f.only(Outcome::kFailed, "no trusted root")) << f.all();
}

TEST(Chain, SaysWhichCertificateIsMissing) {
  Fixture f;
  f.verify(f.leaf.certificate, {f.root.certificate()});
  EXPECT_TRUE(f.only(Outcome::kMissing, "Middle")) << f.all();
  EXPECT_FALSE(f.trusted);
  EXPECT_EQ(f.findings.chain.size(), 1U);
}

TEST(Chain, EndsOnlyAtAnAnchorOfItsUse) {
  Fixture f;
  const FakeCa other = FakeCa::root("Root", {.key_slot = 1});  // the same name, another key
  f.trust(other);
  f.verify(f.leaf.certificate, {f.middle.certificate(), f.root.certificate()});
  EXPECT_FALSE(f.trusted);
  EXPECT_TRUE(f.only(Outcome::kFailed, "no trusted root")) << f.all();
  f.verify(f.leaf.certificate, {f.middle.certificate()});  // the anchor has the right name
  EXPECT_FALSE(f.trusted);
  EXPECT_EQ(f.count(Outcome::kFailed), 1) << f.all();
  f.trust(f.root);
  f.anchors.certificates[0].use = AnchorUse::kIntelSgx;
  EXPECT_FALSE(f.verify().trusted);
}

TEST(Chain, NeedsEverySignature) {
  const auto spoil = [](Bytes& signature) { signature.back() ^= std::byte{1}; };
  {
    Fixture f;
    f.leaf = f.middle.issue("Leaf", {.alter_signature = spoil});
    EXPECT_TRUE(f.verify().only(Outcome::kFailed, "leaf (Leaf) is not signed by Middle")) << f.all();
    EXPECT_FALSE(f.trusted);
  }
  {
    Fixture f;
    f.middle = f.root.issue_ca("Middle", {.alter_signature = spoil});
    f.leaf = f.middle.issue("Leaf");
    EXPECT_TRUE(f.verify().only(Outcome::kFailed, "issuer 1 (Middle) is not signed by Root")) << f.all();
    EXPECT_FALSE(f.trusted);
  }
  {
    Fixture f;  // Middle's name, without identifiers that would tell the keys apart
    FakeCa impostor = FakeCa::root("Middle", {.key_slot = 7});
    const FakeIdentity leaf = impostor.issue("Leaf", {.no_key_ids = true});
    EXPECT_FALSE(f.verify(leaf.certificate, {f.middle.certificate()}).trusted);
    EXPECT_FALSE(f.verify(leaf.certificate, {f.middle.certificate(), impostor.certificate()}).trusted);
  }
}

// An anchor is what was built in or given; its own signature proves nothing and is not asked for.
TEST(Chain, TakesAnAnchorThatIsNotSelfSigned) {
  Fixture f;
  f.trust(f.middle);
  EXPECT_TRUE(f.verify().clean()) << f.all();
  EXPECT_EQ(f.findings.chain.size(), 2U);
}

TEST(Chain, SignsWithEveryKindOfKey) {
  for (const KeyType type : {KeyType::kP256, KeyType::kP384, KeyType::kP521, KeyType::kRsa, KeyType::kEd25519}) {
    Fixture f;
    f.root = FakeCa::root("Root", {.key = type});
    f.trust(f.root);
    f.middle = f.root.issue_ca("Middle", {.key = type, .key_slot = 1});
    f.leaf = f.middle.issue("Leaf", {.key = type, .key_slot = 2});
    f.collateral.add(f.root.revoke({}));
    EXPECT_TRUE(f.verify().clean()) << name_of(type) << f.all();
    if (type != KeyType::kRsa) continue;
    for (const auto algorithm : {SignatureAlgorithm::kRsaPkcs1Sha256, SignatureAlgorithm::kRsaPssSha512}) {
      f.leaf = f.middle.issue("Leaf", {.algorithm = algorithm});
      EXPECT_TRUE(f.verify().clean()) << name_of(algorithm) << f.all();
    }
  }
}

TEST(Chain, IssuersAreAuthoritiesForSigningCertificates) {
  const std::pair<FakeOptions, std::string_view> cases[] = {
      {{.ca = false}, "issuer 1 (Middle) is no certificate authority"},
      {{.key_usage = {0}}, "not for signing certificates"},
      {{.key_usage = {6}}, "not for signing certificates"},
      {{.ca = false, .key_usage = {5}}, "no certificate authority"},
  };
  for (const auto& [options, text] : cases) {
    Fixture f;
    f.middle = f.root.issue_ca("Middle", options);
    f.leaf = f.middle.issue("Leaf");
    EXPECT_TRUE(f.verify().only(Outcome::kFailed, text)) << text << f.all();
    EXPECT_FALSE(f.trusted);
  }
  Fixture f;
  f.middle = f.root.issue_ca("Middle", {.no_key_usage = true});
  f.leaf = f.middle.issue("Leaf");
  EXPECT_TRUE(f.verify().clean()) << f.all();
  // A leaf is no authority, whatever else it is.
  const FakeCa leaf_as_ca(f.leaf.certificate, f.leaf.key);
  const FakeIdentity below = FakeCa(leaf_as_ca).issue("Below");
  f.verify(below.certificate, {f.leaf.certificate, f.middle.certificate()});
  EXPECT_TRUE(f.only(Outcome::kFailed, "issuer 1 (Leaf) is no certificate authority")) << f.all();
}

TEST(Chain, KeepsPathLengths) {
  for (const std::uint64_t length : {0U, 1U}) {
    Fixture f;
    f.root = FakeCa::root("Root", {.path_length = length});
    f.trust(f.root);
    f.middle = f.root.issue_ca("Middle");
    f.leaf = f.middle.issue("Leaf");
    f.verify();
    if (length == 1) {
      EXPECT_TRUE(f.clean()) << f.all();
    } else {
      EXPECT_TRUE(f.only(Outcome::kFailed, "issuer 2 (Root) allows 0 authorities below it")) << f.all();
      EXPECT_FALSE(f.trusted);
    }
  }
  // A self-issued one does not count (RFC 5280, 4.2.1.9).
  Fixture f;
  f.root = FakeCa::root("Root", {.path_length = 1});
  f.trust(f.root);
  FakeCa renewed = f.root.issue_ca("Root", {.key_slot = 3});
  f.middle = renewed.issue_ca("Middle");
  f.leaf = f.middle.issue("Leaf");
  f.verify(f.leaf.certificate, {f.middle.certificate(), renewed.certificate()});
  EXPECT_TRUE(f.clean()) << f.all();
  EXPECT_EQ(f.findings.chain.size(), 4U);
}

TEST(Chain, RefusesCriticalExtensionsItDoesNotKnow) {
  const testing::FakeExtension unknown{oid("1.2.3.4"), {std::byte{5}, std::byte{0}}, true};
  {
    Fixture f;
    f.leaf = f.middle.issue("Leaf", {.extensions = {unknown}});
    EXPECT_TRUE(f.verify().only(Outcome::kFailed, "leaf (Leaf) has the critical extension 1.2.3.4")) << f.all();
  }
  {
    Fixture f;
    f.middle = f.root.issue_ca("Middle", {.extensions = {unknown}});
    f.leaf = f.middle.issue("Leaf");
    EXPECT_TRUE(f.verify().only(Outcome::kFailed, "issuer 1 (Middle) has the critical extension")) << f.all();
  }
}

TEST(Chain, SaysWhoIsOutOfTimeAndStillWhoseTheKeyIs) {
  const std::int64_t past = kFakeNow - 10 * kFakeDay, future = kFakeNow + 10 * kFakeDay;
  {
    Fixture f;
    f.leaf = f.middle.issue("Leaf", {.not_after = past});
    EXPECT_TRUE(f.verify().only(Outcome::kOutOfTime, "leaf (Leaf) is valid from")) << f.all();
    EXPECT_TRUE(f.trusted);
  }
  {
    Fixture f;
    f.middle = f.root.issue_ca("Middle", {.not_before = future});
    f.leaf = f.middle.issue("Leaf");
    EXPECT_TRUE(f.verify().only(Outcome::kOutOfTime, "issuer 1 (Middle) is valid from")) << f.all();
    EXPECT_TRUE(f.trusted);
  }
  {
    Fixture f;
    f.root = FakeCa::root("Root", {.not_after = past});
    f.trust(f.root);
    f.middle = f.root.issue_ca("Middle");
    f.leaf = f.middle.issue("Leaf");
    EXPECT_TRUE(f.verify().only(Outcome::kOutOfTime, "issuer 2 (Root) is valid from")) << f.all();
  }
  Fixture f;  // both ends belong to the validity
  for (const std::int64_t now : {f.leaf.certificate.not_before(), f.leaf.certificate.not_after()}) {
    f.now = now;
    EXPECT_TRUE(f.verify().clean()) << f.all();
  }
  f.now = f.leaf.certificate.not_after() + 1;
  EXPECT_EQ(f.verify().count(Outcome::kOutOfTime), 3) << f.all();
}

// Of several certificates for one authority the one that leaves nothing to object to is taken.
TEST(Chain, PrefersTheWayWithoutObjections) {
  Fixture f;
  const FakeCa expired = f.root.issue_ca("Middle", {.not_after = kFakeNow - 1});
  const FakeCa no_authority = f.root.issue_ca("Middle", {.ca = false});
  ASSERT_EQ(to_bytes(expired.certificate().key().spki()), to_bytes(f.middle.certificate().key().spki()));
  f.verify(f.leaf.certificate, {expired.certificate(), no_authority.certificate(), f.middle.certificate()});
  EXPECT_TRUE(f.clean()) << f.all();
  f.verify(f.leaf.certificate, {expired.certificate()});
  EXPECT_TRUE(f.only(Outcome::kOutOfTime, "Middle")) << f.all();
}

TEST(Chain, DoesNotGoRoundInCircles) {
  Fixture f;
  // A and B vouch for one another, and nobody else for them.
  FakeCa a = FakeCa::root("A"), b = FakeCa::root("B");
  const Certificate a_by_b = b.issue_ca("A").certificate(), b_by_a = a.issue_ca("B").certificate();
  const FakeIdentity leaf = a.issue("Leaf");
  f.verify(leaf.certificate, {a_by_b, b_by_a});
  EXPECT_FALSE(f.trusted);
  EXPECT_EQ(f.count(Outcome::kFailed) + f.count(Outcome::kMissing), 1) << f.all();
  f.verify(leaf.certificate, {a_by_b, b_by_a, a.certificate(), b.certificate()});
  EXPECT_FALSE(f.trusted);
  // With a way out of the circle it is found.
  f.trust(b);
  EXPECT_TRUE(f.verify(leaf.certificate, {b_by_a, a_by_b}).clean()) << f.all();
}

TEST(Chain, HasAtMostEightLinks) {
  for (const int depth : {6, 7}) {
    Fixture f;
    FakeCa lowest = f.root;
    std::vector<Certificate> pool;
    for (int i = 0; i < depth; ++i) {
      lowest = lowest.issue_ca("Middle " + std::to_string(i));
      pool.push_back(lowest.certificate());
    }
    const FakeIdentity leaf = lowest.issue("Leaf");
    f.verify(leaf.certificate, pool);
    if (depth == 6) {
      EXPECT_TRUE(f.clean()) << f.all();
    } else {
      EXPECT_TRUE(f.only(Outcome::kFailed, "more than 8 certificates in a row")) << f.all();
      EXPECT_FALSE(f.trusted);
    }
  }
}

// A thousand authorities of one name: the effort is bounded, and so is the answer.
TEST(Chain, GivesUpOnAHaystack) {
  Fixture f;
  std::vector<Certificate> pool;
  FakeCa haystack = FakeCa::root("Hay", {.key_slot = 1});
  for (int i = 0; i < 200; ++i) {
    pool.push_back(haystack.issue_ca("Middle", {.key_slot = 9, .no_key_ids = true}).certificate());
  }
  const FakeIdentity leaf = f.middle.issue("Leaf", {.no_key_ids = true});
  f.verify(leaf.certificate, pool);
  EXPECT_FALSE(f.trusted);
  EXPECT_TRUE(f.only(Outcome::kFailed, "more than 64 certificates could be the issuer")) << f.all();
}

}  // namespace
}  // namespace adyton
