// SPDX-License-Identifier: Apache-2.0
// Keys of Microsoft's that were made in an enclave, as their certificates show.
#include "attest/verify/token_key.h"

#include <gtest/gtest.h>

#include <adyton/der.h>

#include "attest/evidence/intel_wrappers.h"
#include "attest/evidence/sgx_quote.h"
#include "attest/json.h"
#include "base/base64.h"
#include "base/cursor.h"
#include "crypto/crypto.h"
#include "testing/fake_intel.h"
#include "testing/findings.h"
#include "testing/real_evidence.h"

namespace adyton {
namespace {

using testing::FakeCa;
using testing::has;
using testing::kFakeNow;
using testing::worst_of;

class TokenKey : public ::testing::Test {
 protected:
  // A quote whose report data are the hash of `held`.
  Bytes quote(BytesView held, bool debug = false) {
    return intel_.quote({.report = [&](std::span<std::byte> report) {
      std::ranges::fill(report.subspan(320, 64), std::byte{0});
      std::ranges::copy(sha256(held), report.begin() + 320);
      if (debug) report[48] |= std::byte{2};
    }});
  }
  static FakeCa certificate_with(const Bytes& evidence, std::string_view oid = "1.3.6.1.4.1.311.105.1") {
    return FakeCa::root("MAA",
                        {.own_key = testing::fake_key(KeyType::kP384), .extensions = {{testing::oid(oid), evidence}}});
  }
  Findings check(const FakeCa& certificate, const Collateral& collateral, std::int64_t now = kFakeNow) {
    TrustAnchors anchors = intel_.anchors();
    anchors.keys.push_back(
        {AnchorUse::kMicrosoftToken, certificate.key().verifying_key(), "k", certificate.certificate()});
    Findings out;
    check_key_certificate(certificate.key().verifying_key(), {collateral, anchors, now}, out);
    return out;
  }
  testing::FakeIntel intel_;
  const Bytes held_ = held_key(testing::fake_key(KeyType::kP384).verifying_key().spki());
};

Bytes octet_string(BytesView contents) {
  der::Writer out;
  out.element(der::kOctetString, contents);
  return out.take();
}

Bytes open_enclave_report(const Bytes& quote) {
  Bytes out = parse_hex("0100000002000000").value();
  append_le(out, std::uint64_t{quote.size()});
  append(out, quote);
  return out;
}

TEST_F(TokenKey, InAnEnclave) {
  const Bytes quote = this->quote(held_);
  const FakeCa forms[] = {certificate_with(octet_string(quote), "1.2.840.113556.10.1.1"), certificate_with(quote),
                          certificate_with(open_enclave_report(quote))};
  for (const FakeCa& form : forms) {
    const Findings findings = check(form, intel_.collateral());
    EXPECT_TRUE(has(findings, kTokenKey, Outcome::kPassed)) << testing::text_of(findings);
    EXPECT_EQ(worst_of(findings), Outcome::kPassed);
    ASSERT_EQ(findings.parts.size(), 1u);
    EXPECT_EQ(findings.parts[0].name, kTokenEnclave);
    EXPECT_EQ(findings.parts[0].findings.claims.platform, "sgx");
  }
}

TEST_F(TokenKey, WithoutCollateralItIsNoted) {
  const Collateral nothing;
  const Findings findings = check(certificate_with(quote(held_)), nothing);
  EXPECT_EQ(worst_of(findings), Outcome::kPassed) << testing::text_of(findings);
  EXPECT_TRUE(has(findings, kTokenKey, Outcome::kNoted));
  EXPECT_TRUE(findings.parts.empty());
}

TEST_F(TokenKey, OfAnotherKeyOrNotGenuine) {
  const Collateral nothing;
  const Bytes of_another = quote(held_key(testing::fake_key(KeyType::kP384, 1).verifying_key().spki()));
  Bytes altered = quote(held_);
  altered[48 + 64] ^= std::byte{1};  // MRENCLAVE
  for (const Bytes& evidence : {of_another, altered, to_bytes("no quote"), Bytes()}) {
    EXPECT_TRUE(has(check(certificate_with(evidence), intel_.collateral()), kTokenKey, Outcome::kFailed));
    EXPECT_TRUE(has(check(certificate_with(evidence), nothing), kTokenKey, Outcome::kFailed))
        << "that shows without collateral, too";
  }
}

// A policy asks of a token's parts what it asks of the token.
TEST_F(TokenKey, InADebuggedEnclave) {
  const Findings findings = check(certificate_with(quote(held_, true)), intel_.collateral());
  EXPECT_EQ(findings.parts.at(0).findings.claims.debug, true);
}

TEST_F(TokenKey, CertificatesWithoutAQuoteAndOutOfTime) {
  const FakeCa plain = FakeCa::root("plain", {.key = KeyType::kP384, .not_after = kFakeNow - 1});
  const Collateral nothing;
  EXPECT_FALSE(key_evidence_of(plain.certificate()));
  EXPECT_TRUE(testing::fails_only(check(plain, nothing), kTokenKey, Outcome::kOutOfTime));
  EXPECT_TRUE(check(plain, nothing, kFakeNow - testing::kFakeDay).checks.empty());
}

// The one published key with a quote has RSA with 1024 bits, which nothing here accepts as a key; but its quote shows
// how Microsoft binds keys to enclaves.
using MicrosoftsPublishedKey = testing::RealEvidence;
TEST_F(MicrosoftsPublishedKey, IsBoundAsTheOthersAre) {
  const Json set = parse_json(as_text(file("eat/maa-samples-get.certs.response.body.json"))).value();
  const Bytes der = parse_base64(*text_of(&(*find(&(*find(&set, "keys"))[0], "x5c"))[0])).value();
  EXPECT_FALSE(Certificate::parse(der));
  const Bytes oid = testing::oid("1.2.840.113556.10.1.1");  // as InAnEnclave has it
  EXPECT_FALSE(std::ranges::search(der, oid).empty());
  const BytesView spki = BytesView(der).subspan(165, 162);
  const Bytes start = parse_hex("03000200").value();
  const auto at = std::ranges::search(der, start).begin() - der.begin();
  const IntelWrapping wrapping =
      unwrap_intel_quote(BytesView(der).subspan(static_cast<std::size_t>(at), 0x11e8)).value();
  const SgxQuote quote = parse_sgx_quote(wrapping.quote).value();
  EXPECT_EQ(to_bytes(quote.report.report_data().first(32)), to_bytes(sha256(held_key(spki))));
}

}  // namespace
}  // namespace adyton
