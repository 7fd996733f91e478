// SPDX-License-Identifier: Apache-2.0
// What revocation lists do to chains (RFC 5280, 6.3).
#include <gtest/gtest.h>

#include "testing/chain_fixture.h"
#include "testing/fake_pki.h"

namespace adyton {
namespace {

using testing::FakeCa;
using testing::FakeListOptions;
using testing::kFakeDay;
using testing::kFakeNow;
using Fixture = testing::ChainFixture;

TEST(Revocation, IsToldByTheIssuersList) {
  Fixture f;
  f.rules.needs_lists = true;
  EXPECT_EQ(f.verify().count(Outcome::kMissing), 2) << f.all();
  f.collateral.add(f.root.revoke({{Bytes{std::byte{0x77}}}}));
  f.collateral.add(f.middle.revoke({{Bytes{std::byte{0x78}}}}));
  EXPECT_TRUE(f.verify().clean()) << f.all();

  Fixture revoked;
  revoked.collateral.add(revoked.middle.revoke({{.serial = to_bytes(revoked.leaf.certificate.serial()), .reason = 1}}));
  EXPECT_TRUE(revoked.verify().only(Outcome::kFailed, "leaf (Leaf) was revoked at 2025-06-14T15:06:40Z, reason 1"))
      << revoked.all();

  Fixture upper;
  upper.collateral.add(upper.root.revoke({{.serial = to_bytes(upper.middle.certificate().serial())}}));
  EXPECT_TRUE(upper.verify().only(Outcome::kFailed, "issuer 1 (Middle) was revoked")) << upper.all();
  upper.rules.checks_lists = false;
  EXPECT_TRUE(upper.verify().clean()) << upper.all();
}

TEST(Revocation, MissingListsAreNamedWithTheirPlace) {
  Fixture f;
  f.leaf = f.middle.issue("Leaf", {.crl_urls = {"https://example.com/middle.crl"}});
  EXPECT_TRUE(f.verify().clean());
  EXPECT_EQ(f.count(Outcome::kNoted), 2) << f.all();
  f.rules.needs_lists = true;
  f.verify();
  EXPECT_EQ(f.count(Outcome::kMissing), 2) << f.all();
  EXPECT_NE(f.all().find("https://example.com/middle.crl"), std::string::npos);
}

// The same serial, in the list of somebody else, says nothing.
TEST(Revocation, ListsOfOthersAreNotAsked) {
  Fixture f;
  f.leaf = f.middle.issue("Leaf", {.serial = Bytes{std::byte{0x55}}});
  f.collateral.add(f.root.revoke({{to_bytes(f.leaf.certificate.serial())}}));
  FakeCa other = f.root.issue_ca("Other");
  f.collateral.add(other.revoke({{to_bytes(f.leaf.certificate.serial())}}));
  const FakeCa same_name = f.root.issue_ca("Middle", {.key_slot = 5});
  f.collateral.add(same_name.revoke({{to_bytes(f.leaf.certificate.serial())}}));
  EXPECT_TRUE(f.verify().clean()) << f.all();
  EXPECT_EQ(f.count(Outcome::kNoted), 1) << f.all();
}

TEST(Revocation, ListsNeedTheIssuersSignature) {
  const auto spoil = [](Bytes& signature) { signature.back() ^= std::byte{1}; };
  Fixture f;
  f.collateral.add(f.middle.revoke({}, {.alter_signature = spoil}));
  EXPECT_TRUE(f.verify().only(Outcome::kFailed, "the list of Middle was not signed by it")) << f.all();
  // A good one beside it is enough: whoever can add bad lists must not be able to spoil the answer.
  f.collateral.add(f.middle.revoke({}));
  EXPECT_TRUE(f.verify().clean()) << f.all();

  Fixture impostor;  // nothing tells the keys apart but the signature
  const FakeCa same_name = impostor.root.issue_ca("Middle", {.key_slot = 5});
  impostor.collateral.add(same_name.revoke({}, {.no_key_id = true}));
  EXPECT_TRUE(impostor.verify().only(Outcome::kFailed, "was not signed by it")) << impostor.all();

  Fixture unfit;
  unfit.middle = unfit.root.issue_ca("Middle", {.key_usage = {0, 5}});
  unfit.leaf = unfit.middle.issue("Leaf");
  unfit.collateral.add(unfit.middle.revoke({}));
  EXPECT_TRUE(unfit.verify().only(Outcome::kFailed, "is by a key that may sign none")) << unfit.all();
}

TEST(Revocation, ListsHaveTheirTime) {
  const auto with = [](FakeListOptions options) {
    Fixture f;
    f.collateral.add(f.middle.revoke({}, options));
    f.verify();
    return f;
  };
  const Fixture stale = with({.this_update = kFakeNow - 9 * kFakeDay, .next_update = kFakeNow - 1});
  EXPECT_TRUE(stale.only(Outcome::kOutOfTime, "the list of Middle is valid from")) << stale.all();
  EXPECT_TRUE(stale.trusted);
  const Fixture early = with({.this_update = kFakeNow + 1});
  EXPECT_TRUE(early.only(Outcome::kOutOfTime, "the list of Middle is valid from")) << early.all();
  const Fixture forever = with({.next_update = std::nullopt});
  EXPECT_TRUE(forever.clean()) << forever.all();
  const Fixture edges = with({.this_update = kFakeNow, .next_update = kFakeNow});
  EXPECT_TRUE(edges.clean()) << edges.all();
}

TEST(Revocation, TheNewestCurrentListDecides) {
  const auto lists = [](bool in_old, bool in_current, bool in_future) {
    Fixture f;
    const std::vector<testing::FakeRevoked> entry = {{to_bytes(f.leaf.certificate.serial())}};
    const auto of = [&](bool in) { return in ? entry : std::vector<testing::FakeRevoked>{}; };
    f.collateral.add(f.middle.revoke(
        of(in_old), {.this_update = kFakeNow - 90 * kFakeDay, .next_update = kFakeNow - 60 * kFakeDay}));
    f.collateral.add(f.middle.revoke(of(in_current)));
    f.collateral.add(f.middle.revoke(
        of(in_future), {.this_update = kFakeNow + 60 * kFakeDay, .next_update = kFakeNow + 90 * kFakeDay}));
    f.verify();
    return f;
  };
  EXPECT_TRUE(lists(true, false, false).clean());  // a hold that was lifted
  EXPECT_TRUE(lists(false, false, true).clean());  // not yet known at the time asked about
  EXPECT_FALSE(lists(false, true, false).clean());
  // A stale list that says "revoked" is believed.
  Fixture f;
  f.collateral.add(f.middle.revoke({{to_bytes(f.leaf.certificate.serial())}},
                                   {.this_update = kFakeNow - 90 * kFakeDay, .next_update = kFakeNow - kFakeDay}));
  EXPECT_TRUE(f.verify().only(Outcome::kFailed, "was revoked")) << f.all();
}

// A list that names its distribution point is for the certificates that name the same (RFC 5280, 6.3.3 (b) (2)): the
// part of an authority's certificates where the revoked one is not, is no answer.
TEST(Revocation, ListsOfAnotherDistributionPointAreNotAsked) {
  const auto point = [](std::string_view url) {
    der::Writer writer;  // IssuingDistributionPoint { distributionPoint [0] { fullName [0] { uri [6] } } }
    writer.nested(der::kSequence, [&] {
      writer.nested(der::context_constructed(0),
                    [&] { writer.nested(der::context_constructed(0), [&] { writer.text(der::context(6), url); }); });
    });
    return FakeListOptions{.extensions = {{testing::oid("2.5.29.28"), writer.take(), true}}};
  };
  Fixture f;
  f.leaf = f.middle.issue("Leaf", {.crl_urls = {"https://example.com/1.crl"}});
  f.rules.needs_lists = true;
  f.collateral.add(f.root.revoke({}));
  f.collateral.add(f.middle.revoke({}, point("https://example.com/2.crl")));
  EXPECT_TRUE(f.verify().only(Outcome::kMissing, "no list of Middle")) << f.all();
  f.collateral.add(f.middle.revoke({{to_bytes(f.leaf.certificate.serial())}}, point("https://example.com/1.crl")));
  EXPECT_TRUE(f.verify().only(Outcome::kFailed, "was revoked")) << f.all();

  Fixture unnamed;  // the certificate says nothing of where its list is
  unnamed.collateral.add(unnamed.middle.revoke({}, point("https://example.com/1.crl")));
  EXPECT_TRUE(unnamed.verify().clean());
  EXPECT_EQ(unnamed.count(Outcome::kNoted), 2) << unnamed.all();
}

TEST(Revocation, FindsEverySerialOfALongList) {
  Fixture f;
  std::vector<testing::FakeRevoked> revoked;
  for (unsigned i = 0; i < 1000; ++i) {
    const unsigned value = (i * 7919) % 65536;
    revoked.push_back({{static_cast<std::byte>(value >> 8), static_cast<std::byte>(value)}});
  }
  const RevocationList list = f.middle.revoke(revoked);
  EXPECT_EQ(list.size(), 1000U);
  for (const testing::FakeRevoked& entry : revoked) {
    EXPECT_TRUE(list.find(entry.serial));
    Bytes wide = {std::byte{0}};
    wide.insert(wide.end(), entry.serial.begin(), entry.serial.end());
    EXPECT_TRUE(list.find(wide));
    wide[0] = std::byte{1};
    EXPECT_FALSE(list.find(wide));
  }
  EXPECT_TRUE(list.find({}));  // zero, which is among them
}

}  // namespace
}  // namespace adyton
