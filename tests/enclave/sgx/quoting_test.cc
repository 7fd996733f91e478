// SPDX-License-Identifier: Apache-2.0
// The emulator's quoting enclave, and what a verifier makes of its quotes.
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "attest/evidence/sgx_quote.h"
#include "attest/verify/sgx_quote.h"
#include "base/cursor.h"
#include "crypto/seen_signatures.h"
#include "quoting_machine.h"
#include "testing/findings.h"

namespace adyton {
namespace {

using testing::EmulatedInstructions;
using testing::Example;
using testing::kNow;
using testing::QuotingMachine;
using testing::text_of;

constexpr std::int64_t kDay = 86'400;

class EmulatedQuoting : public ::testing::Test {
 protected:
  // A report of an enclave on this machine for its quoting enclave.
  Bytes report() const {
    const auto target = sgx::parse_target_info(machine_.quoting->target_info().value()).value();
    return EmulatedInstructions(machine_.fuses, Example().secs).report(target, Bytes(64, std::byte{0xda})).value();
  }
  ErrorCode refusal(const Bytes& report) const {
    const auto quote = machine_.quoting->quote(report);
    return quote ? ErrorCode{} : quote.error().code;
  }

  QuotingMachine machine_;
};

TEST_F(EmulatedQuoting, QuotesAreGenuineAndUpToDateForWhoTrustsItsRoot) {
  const Bytes quote = machine_.quoting->quote(report()).value();
  const Verified verified = machine_.verify(quote);
  EXPECT_EQ(verified.kind(), "SGX quote 3");
  EXPECT_EQ(verified.answer(), Answer::kGenuine) << text_of(verified.findings());
  EXPECT_EQ(verified.claims().tcb_status, TcbStatus::kUpToDate);
  // Every step of the verifier's path was taken, and none was missing.
  for (const char* step : {"quote signature", "QE report data", "PCK certificate", "QE report signature", "PCK chain",
                           "QE identity signature", "QE identity validity", "QE identity", "TCB info signature",
                           "TCB info validity", "TCB signing chain"}) {
    EXPECT_NE(testing::find_check(verified.findings(), step, Outcome::kPassed), nullptr) << step;
  }
  const Collateral collateral = machine_.collateral();
  const Evidence evidence = parse_evidence(quote).value();
  EXPECT_EQ(verify(evidence, {collateral, TrustAnchors::vendors(), kNow}).answer(), Answer::kNotGenuine);
  EXPECT_EQ(verify(evidence, {collateral, QuotingMachine().anchors(), kNow}).answer(), Answer::kNotGenuine);
  EXPECT_EQ(verify(evidence, {Collateral(), machine_.anchors(), kNow}).answer(), Answer::kUndecided);
}

TEST_F(EmulatedQuoting, ItsCollateralIsForThirtyDays) {
  const Bytes quote = machine_.quoting->quote(report()).value();
  EXPECT_EQ(machine_.verify(quote, kNow + 29 * kDay).answer(), Answer::kGenuine);
  EXPECT_EQ(machine_.verify(quote, kNow + 31 * kDay).answer(), Answer::kOutOfTime);
  EXPECT_EQ(machine_.verify(quote, kNow - 2 * kDay).answer(), Answer::kOutOfTime);
  // Years later the quote is what it was, with collateral of then.
  const std::int64_t later = kNow + 6 * 365 * kDay;
  const Collateral renewed = QuotingMachine::collateral_of(machine_.quoting->collateral(later).value());
  EXPECT_EQ(verify(parse_evidence(quote).value(), {renewed, machine_.anchors(), later}).answer(), Answer::kGenuine);
}

TEST_F(EmulatedQuoting, QuotesOnlyReportsThatWereMadeForItOnThisMachine) {
  const Bytes good = report();
  ASSERT_EQ(refusal(good), ErrorCode{});
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes altered = good;
    altered[i] ^= static_cast<std::byte>(1U << i % 8);
    ASSERT_EQ(refusal(altered), ErrorCode::kUntrusted) << i;
  }
  for (const std::size_t size : {0, 384, 431, 433, 864}) {
    Bytes wrong = good;
    wrong.resize(size);
    EXPECT_EQ(refusal(wrong), ErrorCode::kInvalid) << size;
  }
  // For another target, even one that differs in its attributes only; and by another machine.
  auto target = sgx::parse_target_info(machine_.quoting->target_info().value()).value();
  const EmulatedInstructions here(machine_.fuses, Example().secs);
  const EmulatedInstructions elsewhere(QuotingMachine().fuses, Example().secs);
  EXPECT_EQ(refusal(elsewhere.report(target, Bytes(64)).value()), ErrorCode::kUntrusted);
  EXPECT_EQ(refusal(here.report({}, Bytes(64)).value()), ErrorCode::kUntrusted);
  target.attributes.flags |= SgxAttributes::kDebug;
  EXPECT_EQ(refusal(here.report(target, Bytes(64)).value()), ErrorCode::kUntrusted);
}

TEST_F(EmulatedQuoting, SaysNowhereThatItIsIntel) {
  const Bytes quote = machine_.quoting->quote(report()).value();
  const SgxQuote parsed = parse_sgx_quote(quote).value();
  const auto blocks = parse_pem_blocks(as_text(parsed.signature.certification_data())).value();
  ASSERT_EQ(blocks.size(), 3u);
  for (const PemBlock& block : blocks) {
    const Certificate certificate = Certificate::parse(block.der).value();
    EXPECT_NE(certificate.subject().text.find("not Intel"), std::string::npos) << certificate.subject().text;
  }
  const auto extensions = parse_pck_extensions(Certificate::parse(blocks[0].der).value()).value();
  EXPECT_EQ(as_text(extensions.fmspc), "Adyton");
}

// One bit in each byte. Only what is PEM and no certificate may change: line ends and labels, and with a label the
// root's certificate may vanish, which the verifier has anyway.
TEST_F(EmulatedQuoting, AnAlteredQuoteIsNotGenuine) {
  const Bytes good = machine_.quoting->quote(report()).value();
  const Collateral collateral = machine_.collateral();
  const TrustAnchors anchors = machine_.anchors();
  SeenSignatures seen;
  const VerifyContext context{collateral, anchors, kNow, &seen};
  const auto certificates = [](const SgxQuote& quote) {
    return parse_pem_blocks(as_text(quote.signature.certification_data()));
  };
  const auto before = certificates(parse_sgx_quote(good).value()).value();
  std::size_t unnoticed = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes altered = good;
    altered[i] ^= static_cast<std::byte>(1U << i % 8);
    const auto quote = parse_sgx_quote(altered);
    if (!quote) continue;
    const Findings after = verify_sgx_quote(*quote, context);
    if (testing::any(after, Outcome::kFailed) || testing::any(after, Outcome::kMissing)) continue;
    ++unnoticed;
    const auto left = certificates(*quote);
    ASSERT_TRUE(left) << i;
    EXPECT_GE(left->size(), 2u) << i;
    for (const PemBlock& block : *left) EXPECT_NE(std::ranges::find(before, block.der, &PemBlock::der), before.end());
  }
  EXPECT_LT(unnoticed, 150u);  // of 4000
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse_sgx_quote(BytesView(good).first(size)));
}

TEST_F(EmulatedQuoting, AlteredCollateralVouchesForNothing) {
  const Evidence quote = parse_evidence(machine_.quoting->quote(report()).value()).value();
  const Bundle good = machine_.quoting->collateral(kNow).value();
  const TrustAnchors anchors = machine_.anchors();
  SeenSignatures seen;
  for (const auto& [name, bytes] : good) {
    std::size_t unnoticed = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      Collateral collateral;
      for (const auto& [other, contents] : good) {
        Bytes altered = contents;
        if (other == name) altered[i] ^= static_cast<std::byte>(1U << i % 8);
        static_cast<void>(collateral.add(other, altered));
      }
      const Verified verified = verify(quote, {collateral, anchors, kNow, &seen});
      if (verified.answer() == Answer::kGenuine && verified.claims().tcb_status == TcbStatus::kUpToDate) ++unnoticed;
    }
    // PEM's line ends and labels; hexadecimal digits of a signature that became capitals.
    EXPECT_LE(unnoticed, name.ends_with(".crl") ? 0u : 40u) << name;
    Bundle without = good;
    without.erase(name);
    EXPECT_EQ(verify(quote, {QuotingMachine::collateral_of(without), anchors, kNow}).answer(), Answer::kUndecided)
        << name;
  }
}

class QuotingAuthorityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string made = (std::filesystem::temp_directory_path() / "adyton-quoting-XXXXXX").string();
    ASSERT_NE(::mkdtemp(made.data()), nullptr);
    folder = made;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  [[nodiscard]] Result<sgx::QuotingAuthority> open(std::int64_t now = kNow) const {
    return sgx::QuotingAuthority::open(folder, now);
  }
  [[nodiscard]] std::filesystem::path file() const { return folder / "sgx-emulated-authority"; }
  std::filesystem::path folder;
};

TEST_F(QuotingAuthorityTest, StaysTheMachinesAndPublishesItsRoot) {
  const auto first = open(), again = open(kNow + 365 * kDay);
  ASSERT_TRUE(first && again);
  EXPECT_EQ(to_bytes(first->root().der()), to_bytes(again->root().der()));
  EXPECT_EQ(first->attestation_key().pem(), again->attestation_key().pem());
  EXPECT_EQ(first->pck_key().pem(), again->pck_key().pem());
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(file()).permissions(), perms::owner_read | perms::owner_write);
  EXPECT_GT(std::filesystem::file_size(folder / sgx::QuotingAuthority::kRootFileName), 500u);
}

TEST_F(QuotingAuthorityTest, IsRefusedWhenOthersCouldReadIt) {
  ASSERT_TRUE(open());
  std::filesystem::permissions(file(), std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  EXPECT_EQ(open().error().code, ErrorCode::kDenied);
}

TEST_F(QuotingAuthorityTest, DamageIsRefused) {
  ASSERT_TRUE(open());
  const auto size = std::filesystem::file_size(file());
  for (std::uintmax_t left = size - 1; left > 20; left -= 20) {
    std::filesystem::resize_file(file(), left);
    ASSERT_EQ(open().error().code, ErrorCode::kInvalid) << left;
  }
  std::filesystem::resize_file(file(), 0);
  EXPECT_EQ(open().error().code, ErrorCode::kInvalid);
}

TEST_F(QuotingAuthorityTest, EndsWithItsRootAndNamesTheRemedy) {
  const auto root = open();
  ASSERT_TRUE(root);
  EXPECT_TRUE(open(root->root().not_after() - 1));
  const auto ended = open(root->root().not_after());
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kExpired);
  EXPECT_NE(ended.error().message.find("remove the file"), std::string::npos);
  // What is issued near its end does not outlive it.
  const PckExtensions platform;
  const auto chain = parse_pem_blocks(root->pck_chain(platform, root->root().not_after() - kDay).value()).value();
  for (const PemBlock& block : chain) {
    EXPECT_LE(Certificate::parse(block.der)->not_after(), root->root().not_after());
  }
}

}  // namespace
}  // namespace adyton
