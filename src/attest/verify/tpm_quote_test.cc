// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tpm_quote.h"

#include <gtest/gtest.h>

#include "attest/verify/tpm_evidence.h"
#include "base/cursor.h"
#include "testing/evidence_index.h"
#include "testing/fake_pki.h"
#include "testing/fake_tpm.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::fake_key;
using testing::fake_pcrs;
using testing::fake_tpm_attest;
using testing::fake_tpm_public;
using testing::fake_tpm_quote;
using testing::fake_tpm_signature;
using testing::find_check;
using testing::is_genuine;
using testing::text_of;

class TpmQuoteVerifier : public ::testing::Test {
 protected:
  SigningKey ak_ = fake_key(KeyType::kRsa);
  Collateral collateral_;
  TrustAnchors trusted_ = [&] {
    TrustAnchors out;
    out.keys.push_back({AnchorUse::kGoogleTpm, ak_.verifying_key()});
    return out;
  }();
  [[nodiscard]] TpmQuote quote() const {
    TpmQuote out = fake_tpm_quote(fake_pcrs(HashAlgorithm::kSha256), to_bytes("nonce"), ak_);
    out.ak = parse_tpm_public(fake_tpm_public(ak_)).value();
    return out;
  }
  Findings verify(const TpmQuote& quote, const TrustAnchors& anchors) {
    return verify_tpm_quote(quote, {collateral_, anchors, testing::kFakeNow});
  }
};

TEST_F(TpmQuoteVerifier, Genuine) {
  const Findings findings = verify(quote(), trusted_);
  EXPECT_TRUE(is_genuine(findings)) << text_of(findings);
  EXPECT_EQ(as_text(findings.claims.report_data), "nonce");
  EXPECT_EQ(findings.claims.boot_chain.size(), 24U);
  EXPECT_EQ(findings.claims.boot_chain[4].name, "PCR4");
  EXPECT_EQ(findings.claims.measurement, Bytes(32));
}

TEST_F(TpmQuoteVerifier, SchemesAndCurves) {
  const Bytes attest = fake_tpm_attest({});
  TpmQuote quote;
  quote.attest = parse_tpm_attest(attest).value();
  quote.signature = parse_tpm_signature(fake_tpm_signature(attest, ak_, true)).value();
  EXPECT_TRUE(is_genuine(verify(quote, trusted_)));
  const SigningKey p256 = fake_key(KeyType::kP256);
  quote.signature = parse_tpm_signature(fake_tpm_signature(attest, p256)).value();
  quote.ak = parse_tpm_public(fake_tpm_public(p256)).value();
  TrustAnchors anchors;
  anchors.keys.push_back({AnchorUse::kGoogleTpm, p256.verifying_key()});
  EXPECT_TRUE(is_genuine(verify(quote, anchors)));
  // A number with a leading zero byte cut off, as TPMs write it, is the same number.
  if (quote.signature.r[0] == std::byte{0}) quote.signature.r.erase(quote.signature.r.begin());
  EXPECT_TRUE(is_genuine(verify(quote, anchors)));
  quote.signature.hash = HashAlgorithm::kSha1;
  EXPECT_TRUE(find_check(verify(quote, anchors), "quote signature", Outcome::kFailed)->detail.contains("SHA-1"));
}

TEST_F(TpmQuoteVerifier, NobodyVouchesForTheKey) {
  const Findings findings = verify(quote(), {});
  EXPECT_EQ(testing::count_outcomes(findings, Outcome::kFailed), 0U);
  EXPECT_NE(find_check(findings, "AK", Outcome::kMissing), nullptr);
  TpmQuote bare = quote();
  bare.ak.reset();
  EXPECT_NE(find_check(verify(bare, {}), "AK", Outcome::kMissing), nullptr);
  EXPECT_TRUE(is_genuine(verify(bare, trusted_)));  // found among the trusted keys
}

TEST_F(TpmQuoteVerifier, KeyByCertificate) {
  testing::FakeCa root = testing::FakeCa::root("TPM Root");
  testing::FakeCa signer = root.issue_ca("TPM Signer");
  const auto certificate = signer.issue("AK", {.own_key = ak_}).certificate;
  TpmQuote with = quote();
  with.certificates = {certificate, signer.certificate()};
  TrustAnchors anchors;
  anchors.certificates.push_back({AnchorUse::kGoogleTpm, root.certificate()});
  EXPECT_TRUE(is_genuine(verify(with, anchors))) << text_of(verify(with, anchors));
  EXPECT_FALSE(is_genuine(verify(with, {})));
  with.certificates[0] = signer.issue("AK", {.key_slot = 5}).certificate;  // of another key
  EXPECT_NE(find_check(verify(with, anchors), "AK", Outcome::kFailed), nullptr);
}

TEST_F(TpmQuoteVerifier, KeyThatOtherEvidenceNames) {
  const VerifyContext context{collateral_, TrustAnchors::vendors(), testing::kFakeNow};
  EXPECT_TRUE(is_genuine(verify_tpm_quote(quote(), context, TpmVoucher{ak_.verifying_key(), "a test"})));
  const SigningKey other = fake_key(KeyType::kRsa, 3);
  const Findings findings = verify_tpm_quote(quote(), context, TpmVoucher{other.verifying_key(), "a test"});
  EXPECT_NE(find_check(findings, "AK", Outcome::kFailed), nullptr);
}

TEST_F(TpmQuoteVerifier, KeyThatSignsAnything) {
  TpmQuote unrestricted = quote();
  unrestricted.ak = parse_tpm_public(fake_tpm_public(ak_, 0x00040072)).value();
  EXPECT_NE(find_check(verify(unrestricted, trusted_), "AK attributes", Outcome::kFailed), nullptr);
}

TEST_F(TpmQuoteVerifier, AlteredParts) {
  TpmQuote altered = quote();
  altered.attest.bytes[60] ^= std::byte{1};
  EXPECT_NE(find_check(verify(altered, trusted_), "quote signature", Outcome::kFailed), nullptr);
  TpmQuote other_pcr = quote();
  (*other_pcr.pcrs[0].values[9])[0] ^= std::byte{1};
  const Findings findings = verify(other_pcr, trusted_);
  EXPECT_NE(find_check(findings, "PCR digest", Outcome::kFailed), nullptr);
  EXPECT_TRUE(findings.claims.boot_chain.empty());
  TpmQuote missing_pcr = quote();
  missing_pcr.pcrs[0].values[9].reset();
  EXPECT_NE(find_check(verify(missing_pcr, trusted_), "PCR digest", Outcome::kMissing), nullptr);
  TpmQuote no_pcrs = quote();
  no_pcrs.pcrs.clear();
  EXPECT_NE(find_check(verify(no_pcrs, trusted_), "PCR digest", Outcome::kNoted), nullptr);
  EXPECT_TRUE(verify(no_pcrs, trusted_).claims.boot_chain.empty());
}

// A TPM signs a quote of nothing, too: values that come with it are nobody's.
TEST_F(TpmQuoteVerifier, QuoteOfNoPcr) {
  for (const std::vector<TpmPcrSelection>& none :
       {std::vector<TpmPcrSelection>{}, std::vector<TpmPcrSelection>{{HashAlgorithm::kSha256, 0}}}) {
    const Bytes attest =
        fake_tpm_attest({.selections = none, .pcr_digest = *hash(HashAlgorithm::kSha256, BytesView())});
    TpmQuote empty = quote();
    empty.attest = parse_tpm_attest(attest).value();
    empty.signature = parse_tpm_signature(fake_tpm_signature(attest, ak_)).value();
    const Findings findings = verify(empty, trusted_);
    EXPECT_NE(find_check(findings, "PCR digest", Outcome::kNoted), nullptr) << text_of(findings);
    EXPECT_EQ(find_check(findings, "PCR digest", Outcome::kPassed), nullptr);
    EXPECT_TRUE(findings.claims.boot_chain.empty());
  }
}

TEST_F(TpmQuoteVerifier, QuotesOfOneMoment) {
  const auto quote_of = [&](HashAlgorithm bank, std::string_view nonce) {
    return fake_tpm_quote(fake_pcrs(bank), to_bytes(nonce), ak_);
  };
  const VerifyContext context{collateral_, trusted_, testing::kFakeNow};
  TpmEvidence evidence;
  evidence.quotes = {quote_of(HashAlgorithm::kSha1, "new"), quote_of(HashAlgorithm::kSha256, "new")};
  const Findings good = verify_tpm_evidence(evidence, context);
  EXPECT_TRUE(is_genuine(good)) << text_of(good);
  EXPECT_EQ(good.claims.measurement.size(), 32U);
  evidence.quotes[0] = quote_of(HashAlgorithm::kSha1, "old");
  EXPECT_TRUE(testing::fails_only(verify_tpm_evidence(evidence, context), "qualifying data", Outcome::kFailed));
}

TEST_F(TpmQuoteVerifier, WithItsEventLog) {
  const Bytes bytes = testing::fake_event_log({{0, 0x08, to_bytes("version")}}, {HashAlgorithm::kSha256});
  const EventLog log = parse_event_log(bytes).value();
  TpmPcrValues pcrs = fake_pcrs(HashAlgorithm::kSha256);
  pcrs.values[0] = replay_event_log(log, HashAlgorithm::kSha256, RegisterKind::kPcr).value()[0].value;
  const VerifyContext context{collateral_, trusted_, testing::kFakeNow};
  EXPECT_TRUE(is_genuine(verify_tpm_quote(fake_tpm_quote(pcrs, {}, ak_), context, {}, &log)));
  EXPECT_NE(find_check(verify_tpm_quote(quote(), context, {}, &log), "event log", Outcome::kFailed), nullptr);
}

TEST(TpmParsers, RefuseTruncationsAndMore) {
  const SigningKey key = fake_key(KeyType::kRsa);
  const Bytes attest = fake_tpm_attest({.extra_data = to_bytes("x")});
  const Bytes signature = fake_tpm_signature(attest, key), area = fake_tpm_public(key);
  const Bytes ecc = fake_tpm_public(fake_key(KeyType::kP256));
  const auto refuses = [](BytesView whole, auto parse) {
    EXPECT_TRUE(parse(whole).has_value());
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(parse(whole.first(size)).has_value()) << size;
    Bytes more = to_bytes(whole);
    more.push_back(std::byte{0});
    EXPECT_FALSE(parse(BytesView(more)).has_value());
  };
  refuses(attest, parse_tpm_attest);
  refuses(signature, parse_tpm_signature);
  refuses(area, parse_tpm_public);
  refuses(ecc, parse_tpm_public);
  Bytes sized;
  append_be(sized, static_cast<std::uint16_t>(area.size()));
  append(sized, area);
  EXPECT_EQ(parse_tpm_public(sized).value().bytes, area);
}

TEST(TpmParsers, RefuseWhatIsNoQuote) {
  Bytes attest = fake_tpm_attest({});
  attest[5] = std::byte{0x17};  // TPM_ST_ATTEST_CERTIFY
  EXPECT_TRUE(parse_tpm_attest(attest).error().message.contains("0x8017"));
  attest[0] = std::byte{0};
  EXPECT_FALSE(parse_tpm_attest(attest).has_value());
  EXPECT_FALSE(looks_like_tpm_attest(attest));
  EXPECT_FALSE(parse_tpm_attest(fake_tpm_attest({.selections = std::vector<TpmPcrSelection>(17)})).has_value());
}

}  // namespace
}  // namespace adyton
