// SPDX-License-Identifier: Apache-2.0
// Real evidence that Debian's packages carry, for machines without a folder of evidence:
// golang-github-google-go-sev-guest-dev and golang-github-google-go-tdx-guest-dev (of Debian 13 and later, for all
// architectures, together 1 MB; `dpkg -x` unpacks them anywhere).
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "attest/verify/verified.h"
#include "testing/evidence_files.h"
#include "testing/findings.h"

namespace adyton {
namespace {

namespace fs = std::filesystem;
using testing::has;
using testing::text_of;

// Where packages are installed, or were unpacked.
fs::path sources() {
  const char* unpacked = std::getenv("ADYTON_DEBIAN_EVIDENCE");
  return fs::path(unpacked == nullptr ? "/" : unpacked) / "usr/share/gocode/src/github.com/google";
}

class DebianEvidence : public ::testing::Test {
 protected:
  // Skips the test, in words, if the package is not there.
  void open(const std::string& package, const fs::path& folder) {
    folder_ = sources() / folder;
    std::error_code ignored;
    if (fs::is_directory(folder_, ignored)) return;
    GTEST_SKIP() << "the package golang-github-google-" << package << "-dev is not here: install it, or set "
                 << "ADYTON_DEBIAN_EVIDENCE to the folder it was unpacked into";
  }
  Bytes file(const std::string& name) { return testing::read_evidence(folder_ / name); }
  void add(const std::string& name) {
    const auto added = collateral_.add(name, file(name));
    ASSERT_TRUE(added) << added.error().message;
  }
  Verified check(BytesView bytes, std::int64_t now) {
    return verify(parse_evidence(bytes).value(), {collateral_, TrustAnchors::vendors(), now});
  }
  fs::path folder_;
  Collateral collateral_;
};

class DebianSnp : public DebianEvidence {
 protected:
  void SetUp() override { open("go-sev-guest", "go-sev-guest/verify/testdata"); }
};

constexpr std::int64_t kSnpTime = 1'700'000'000;  // within the validity of the VCEK

TEST_F(DebianSnp, AMilanReportWithItsCertificates) {
  const Bytes report = file("attestation.bin");
  EXPECT_EQ(check(report, kSnpTime).answer(), Answer::kUndecided) << "without certificates";
  add("vcek.testcer");
  EXPECT_EQ(check(report, kSnpTime).answer(), Answer::kUndecided) << "without the ASK";
  add("milan.testcer");
  const Verified verified = check(report, kSnpTime);
  EXPECT_EQ(verified.answer(), Answer::kGenuine) << text_of(verified.findings());
  EXPECT_EQ(verified.kind(), "SEV-SNP report 2");
  EXPECT_EQ(verified.claims().hardware_model, "Milan-B0");
  EXPECT_EQ(check(report, 2'000'000'000).answer(), Answer::kOutOfTime);
  const TrustAnchors nobody;
  EXPECT_NE(verify(parse_evidence(report).value(), {collateral_, nobody, kSnpTime}).answer(), Answer::kGenuine);
}

TEST_F(DebianSnp, NoSignedBitCanBeChanged) {
  add("vcek.testcer");
  add("milan.testcer");
  Bytes report = file("attestation.bin");
  ASSERT_EQ(report.size(), 1184u);
  for (std::size_t i = 0; i < 0x2a0; i += 13) {
    report[i] ^= std::byte{1};
    const auto evidence = parse_evidence(report);
    if (evidence) {
      EXPECT_NE(verify(*evidence, {collateral_, TrustAnchors::vendors(), kSnpTime}).answer(), Answer::kGenuine) << i;
    }
    report[i] ^= std::byte{1};
  }
}

class DebianTdx : public DebianEvidence {
 protected:
  void SetUp() override { open("go-tdx-guest", "go-tdx-guest/testing/testdata"); }
};

constexpr std::int64_t kTdxTime = 1'688'169'600;  // 2023-07-01, when its TCB info, identity and lists are valid

// The certificate that signs TCB infos came in an answer's header, and that is not in the package.
TEST_F(DebianTdx, AQuoteWithItsCollateral) {
  const Bytes quote = file("tdx_prod_quote_SPR_E4.dat");
  for (const char* name : {"pckcrl", "rootcrl.der", "sample_tcbInfo_response", "sample_qeIdentity_response"}) add(name);
  const Verified verified = check(quote, kTdxTime);
  const Findings& findings = verified.findings();
  EXPECT_EQ(verified.kind(), "TDX quote 4");
  EXPECT_EQ(verified.answer(), Answer::kUndecided) << text_of(findings);
  EXPECT_EQ(testing::count_outcomes(findings, Outcome::kFailed), 0u) << text_of(findings);
  EXPECT_EQ(testing::objections(findings),
            (std::vector<std::string>{"missing QE identity signature", "missing TCB info signature"}))
      << text_of(findings);
  EXPECT_TRUE(has(findings, "PCK chain", Outcome::kPassed));
  EXPECT_TRUE(to_hex(verified.claims().measurement).starts_with("6363b8043668a3ad"));
  EXPECT_EQ(verified.claims().debug, false);
  Bytes altered = quote;
  altered[48 + 136] ^= std::byte{1};  // MRTD
  EXPECT_EQ(check(altered, kTdxTime).answer(), Answer::kNotGenuine);
}

}  // namespace
}  // namespace adyton
