// SPDX-License-Identifier: Apache-2.0
// Real tokens of attestation services, as their index says they have to come out.
#include "attest/verify/token.h"

#include <set>

#include <gtest/gtest.h>

#include "attest/verify/jwt.h"
#include "attest/verify/token_claims.h"
#include "attest/verify/token_key.h"
#include "testing/evidence_files.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::has;
using testing::worst_of;

class TokenEvidenceFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::evidence_folder();
    if (!folder_) GTEST_SKIP() << "no real evidence here: set ADYTON_EVIDENCE to a folder that has it";
  }
  Bytes read(const std::string& name) { return testing::read_evidence(*folder_ / name); }
  std::string text(const std::string& name) { return std::string(as_text(read(name))); }
  Findings verify(const Token& token, std::int64_t now) {
    return verify_token(token, {collateral_, TrustAnchors::vendors(), now, &seen_});
  }
  std::optional<std::filesystem::path> folder_;
  Collateral collateral_;
  SeenSignatures seen_;
};

constexpr const char* kGoogle = "gcp/confidential-space-tdx-oak-sample.jwt";
constexpr const char* kGoogleClaims[] = {"gcp/oak-claims.json", "gcp/oak-debug_claims.json",
                                         "gcp/oak-expired_claims.json"};
constexpr const char* kMicrosoftSnp = "eat/maa-samples-sev-snp-jwt.txt";
constexpr const char* kMicrosoftAnswer = "eat/maa-samples-post.attest.response.jwt.body.json";
constexpr const char* kMicrosoftKeys = "eat/maa-samples-get.certs.response.body.json";
constexpr const char* kNvidia = "nvidia/eat/attestation-sdk-hopperClaimsv3_detached_eat.json";
constexpr const char* kNvidiaDecoded = "nvidia/eat/attestation-sdk-hopperClaimsv3_decoded.json";
constexpr std::int64_t kGoogleIssued = 1757060250, kGoogleExpires = 1757063850;
constexpr std::int64_t kNvidiaIssued = 1749601858, kNvidiaExpires = 1749605458;

TEST_F(TokenEvidenceFiles, TheIndexHasNothingElse) {
  const Json index = parse_json(text("INDEX.json")).value();
  std::set<std::string_view> known(std::begin(kGoogleClaims), std::end(kGoogleClaims));
  known.insert({kGoogle, kMicrosoftSnp, kMicrosoftAnswer, kMicrosoftKeys, "eat/maa-samples-post.attest.body.json",
                kNvidia, kNvidiaDecoded, "nvidia/eat/attestation-sdk-spdm_parsed_output.json"});
  for (const Json& entry : index) {
    const std::string_view path = *text_of(find(&entry, "path"));
    if (path.starts_with("eat/maa-") || path.starts_with("gcp/") || path.starts_with("nvidia/eat/")) {
      EXPECT_TRUE(known.contains(path)) << path;
    }
  }
}

TEST_F(TokenEvidenceFiles, GoogleConfidentialSpace) {
  const Token token = parse_token(read(kGoogle)).value();
  EXPECT_EQ(token.service, TokenService::kGoogle);
  const Findings findings = verify(token, kGoogleIssued);
  EXPECT_EQ(worst_of(findings), Outcome::kPassed) << testing::text_of(findings);
  EXPECT_TRUE(has(findings, kTokenChain, Outcome::kPassed));
  EXPECT_EQ(findings.chain.size(), 3u);
  EXPECT_EQ(findings.claims.platform, "tdx");
  EXPECT_EQ(findings.claims.debug, false);
  EXPECT_EQ(findings.claims.tcb_status, TcbStatus::kUpToDate);
  EXPECT_EQ(findings.claims.svn, 250800u);
  EXPECT_EQ(to_hex(findings.claims.measurement), "e2e5e3672f416ac9ca71aa639abf86db0b713729a48c125a925af6c808b20b5d");
  EXPECT_EQ(as_text(findings.claims.report_data), "75a91c8dbe289f190d5e70ab1cb70c93cc14d7243f0ef3ff5326a622ead220a6");
  EXPECT_EQ(worst_of(verify(token, kGoogleExpires - 1)), Outcome::kPassed);
  EXPECT_EQ(worst_of(verify(token, kGoogleExpires)), Outcome::kOutOfTime);
  EXPECT_EQ(worst_of(verify(token, kGoogleIssued - 1)), Outcome::kOutOfTime);
  // Without Google's root, its own certificates do not help it.
  const TrustAnchors nobody;
  EXPECT_NE(worst_of(verify_token(token, {collateral_, nobody, kGoogleIssued})), Outcome::kPassed);
}

// In the header, the certificates above the leaf can be altered without effect: the root is built in, and what is
// altered in a certificate that is not needed makes no difference. Everything is signed, though, so that none of it
// passes.
TEST_F(TokenEvidenceFiles, EveryFlippedBitInGooglesTokenShows) {
  const std::string token = text(kGoogle);
  for (std::size_t i = 0; i < token.size(); i += 7) {
    std::string flipped = token;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    const auto parsed = parse_token(as_bytes(flipped));
    if (parsed) {
      EXPECT_NE(worst_of(verify(*parsed, kGoogleIssued)), Outcome::kPassed) << i;
    }
  }
}

// Claims alone, two of which no policy should accept: nothing signs them, so none is a token.
TEST_F(TokenEvidenceFiles, GooglesClaimsWithoutASignature) {
  for (const char* name : kGoogleClaims) EXPECT_FALSE(parse_token(read(name))) << name;
  Findings good, debug;
  read_google_claims(parse_json(text("gcp/oak-claims.json")).value(), good);
  read_google_claims(parse_json(text("gcp/oak-debug_claims.json")).value(), debug);
  EXPECT_EQ(good.claims.debug, false);
  EXPECT_EQ(debug.claims.debug, true);
}

// Its key is not among the evidence: what can be said is which one is missing, and where it was.
TEST_F(TokenEvidenceFiles, MicrosoftSnp) {
  const Token token = parse_token(read(kMicrosoftSnp)).value();
  EXPECT_EQ(token.service, TokenService::kMicrosoft);
  const Findings findings = verify(token, 1744085700);
  EXPECT_EQ(worst_of(findings), Outcome::kMissing) << testing::text_of(findings);
  EXPECT_TRUE(has(findings, kTokenSignature, Outcome::kMissing));
  EXPECT_TRUE(findings.checks[1].detail.contains("https://sharedweu.weu.test.attest.azure.net/certs"));
  EXPECT_TRUE(has(verify(token, 1744114500), kTokenValidity, Outcome::kOutOfTime));
  const Claims& claims = findings.claims;
  EXPECT_EQ(claims.platform, "sev-snp");
  EXPECT_EQ(claims.debug, false);
  EXPECT_EQ(claims.svn, 2u);
  EXPECT_TRUE(to_hex(claims.measurement).starts_with("02c3b0d5bf1d256f"));
  EXPECT_TRUE(to_hex(claims.host_data).starts_with("73973b78d70cc683"));
  EXPECT_TRUE(to_hex(claims.report_data).starts_with("40fc248ecb55"));
}

// The index calls this a JWT, but it is what one says: header and claims decoded, without the signature.
TEST_F(TokenEvidenceFiles, MicrosoftsAnswerIsDecodedAlready) {
  EXPECT_FALSE(parse_token(read(kMicrosoftAnswer)));
  const std::string answer = text(kMicrosoftAnswer);
  Findings findings;
  read_microsoft_claims(parse_json(answer.substr(answer.find('{', 1))).value(), findings);
  EXPECT_EQ(worst_of(findings), Outcome::kMissing) << "no check at all, and none failed";
  EXPECT_EQ(findings.claims.platform, "sgx");
  EXPECT_EQ(findings.claims.svn, 8888u);
  EXPECT_EQ(findings.claims.product, 1u);
  EXPECT_EQ(to_hex(findings.claims.measurement), "90a328210154d861be7fc85a904e99fba713b05029321a470f62ea8495ec7d90");
}

// One of the five keys is RSA with 1024 bits, in a certificate with a quote: it is not used, and does not spoil the
// others.
TEST_F(TokenEvidenceFiles, MicrosoftsKeys) {
  const auto added = collateral_.add("keys", read(kMicrosoftKeys));
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(collateral_.keys().size(), 4u);
  for (const Certificate& certificate : collateral_.certificates()) EXPECT_FALSE(key_evidence_of(certificate));
  // The keys are of another time than the token.
  const Token token = parse_token(read(kMicrosoftSnp)).value();
  EXPECT_TRUE(has(verify(token, 1744085700), kTokenSignature, Outcome::kMissing));
  EXPECT_FALSE(parse_token(read(kMicrosoftKeys)));
  EXPECT_FALSE(parse_token(read("eat/maa-samples-post.attest.body.json")));
}

// Its key is not among the evidence either; everything but the signatures can be checked.
TEST_F(TokenEvidenceFiles, NvidiaBundle) {
  const Bytes bytes = read(kNvidia);
  EXPECT_TRUE(looks_like_token(bytes));
  const Token token = parse_token(bytes).value();
  ASSERT_EQ(token.devices.size(), 1u);
  const Findings findings = verify(token, kNvidiaIssued);
  EXPECT_EQ(worst_of(findings), Outcome::kMissing) << testing::text_of(findings);
  EXPECT_TRUE(has(findings, kTokenResult, Outcome::kPassed));
  const Findings& device = findings.parts.at(0).findings;
  EXPECT_TRUE(has(device, kTokenSubmodule, Outcome::kPassed));
  EXPECT_TRUE(has(device, kTokenResult, Outcome::kPassed));
  EXPECT_TRUE(has(device, kTokenSignature, Outcome::kMissing));
  EXPECT_EQ(device.claims.platform, "nvidia-gpu");
  EXPECT_EQ(device.claims.hardware_model, "GH100 A01 GSP BROM");
  EXPECT_EQ(to_hex(device.claims.report_data), "931d8dd0add203ac3d8b4fbde75e115278eefcdceac5b87671a748f32364dfcb");
  EXPECT_TRUE(has(verify(token, kNvidiaExpires), kTokenValidity, Outcome::kOutOfTime));
  // The claims are those that the file beside it has decoded.
  const Json decoded = parse_json(text(kNvidiaDecoded)).value();
  EXPECT_EQ(*token.devices[0].jwt.claims, *find(&decoded, "GPU-0"));
}

}  // namespace
}  // namespace adyton
