// SPDX-License-Identifier: Apache-2.0
// Reports: what stands first, and that no text from outside becomes more than text.
#include "attest/appraise/report.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "attest/appraise/ear_writer.h"
#include "attest/appraise/report_parts.h"
#include "base/utf8.h"
#include "testing/fake_intel.h"
#include "testing/fake_pki.h"
#include "testing/fake_token.h"

namespace adyton {
namespace {

using testing::FakeIntel;
using testing::kFakeNow;

constexpr std::string_view kHostile =
    "<script>alert('1')</script> \x1b[2J\x1b]0;x\a \xc2\x9b"
    "31m \xe2\x80\xae& \" \xff\xc0\x80";

// A result by somebody who is trusted to sign, but not with our screen.
Verified hostile_result() {
  nlohmann::json claims = nlohmann::json::parse(R"({
    "eat_profile": "tag:github.com,2023:veraison/ear", "iat": 1750000000,
    "ear.verifier-id": {"developer": "d", "build": "b"}})");
  const std::string text(kHostile.substr(0, kHostile.size() - 4));  // JSON is UTF-8
  claims["ear.verifier-id"]["developer"] = text;
  claims["submods"][text] = {{"ear.status", "affirming"}, {text, text}};
  const auto key = testing::fake_key(KeyType::kP256);
  const std::string jwt = testing::fake_jwt(R"({"alg":"ES256"})", claims.dump(), key, SignatureAlgorithm::kEcdsaSha256);
  TrustAnchors anchors;
  anchors.keys.push_back({AnchorUse::kAttestResult, key.verifying_key()});
  const Collateral nothing;
  return verify(parse_evidence(as_bytes(jwt)).value(), {nothing, anchors, kFakeNow});
}

Verified quote_of(FakeIntel& intel, const testing::FakeQuoteOptions& options, std::int64_t now = kFakeNow) {
  const Collateral given = intel.collateral({.tdx = options.tdx});
  const TrustAnchors anchors = intel.anchors();
  return verify(parse_evidence(intel.quote(options)).value(), {given, anchors, now});
}

bool has_controls(std::string_view text) {
  return std::ranges::any_of(text,
                             [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f; });
}

TEST(Report, TextFromOutsideIsOnlyText) {
  EXPECT_EQ(shown("plain, \xc3\xa9 and \xe2\x82\xac"), "plain, \xc3\xa9 and \xe2\x82\xac");
  EXPECT_EQ(shown("a\nb\tc\rd"), "a b c?d");
  EXPECT_EQ(shown("\x1b[2J\x7f"), "?[2J?");
  EXPECT_EQ(shown("\xc2\x9b\xe2\x80\xae\xe2\x81\xa6\xef\xbb\xbf"), "????");
  EXPECT_EQ(shown("\xff\xc0\x80\xed\xa0\x80"), "??????");
  EXPECT_TRUE(is_utf8(shown(kHostile)));
}

TEST(Report, NeitherTerminalNorBrowserIsToldAnything) {
  const Verified verified = hostile_result();
  EXPECT_EQ(verified.answer(), Answer::kGenuine);
  Policy policy;
  policy.platform = {std::string(kHostile)};
  policy.fields = {{std::string(kHostile), {std::string(kHostile)}}};
  const Verdict verdict = appraise(verified, policy);
  EXPECT_EQ(verdict.exit_status(), 13);

  for (const TextStyle style : {TextStyle{}, TextStyle{.colours = false, .width = 40}}) {
    const std::string text = report_text(verified, verdict, style);
    EXPECT_FALSE(has_controls(text)) << text;
    EXPECT_TRUE(is_utf8(text));
    EXPECT_FALSE(text.contains("\xc2\x9b") || text.contains("\xe2\x80\xae"));
  }

  const std::string html = report_html(verified, verdict);
  EXPECT_FALSE(html.contains("<script")) << html;
  EXPECT_TRUE(html.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"));
  EXPECT_FALSE(has_controls(html));
  EXPECT_TRUE(is_utf8(html));

  const std::string json = report_json(verified, verdict);
  EXPECT_FALSE(has_controls(json)) << json;
  EXPECT_TRUE(std::ranges::all_of(json, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
  EXPECT_TRUE(nlohmann::json::accept(json));
}

TEST(Report, TheVerdictStandsFirst) {
  FakeIntel intel;
  const Verified good = quote_of(intel, {.version = 4, .tdx = true});
  EXPECT_TRUE(report_text(good, appraise(good, {})).starts_with("Genuine, and as wanted\nTDX quote 4"));

  const Verified late = quote_of(intel, {}, kFakeNow + 40 * testing::kFakeDay);
  const std::string text = report_text(late, appraise(late, {}));
  EXPECT_TRUE(text.starts_with("Genuine, but not at this time\n")) << text;
  EXPECT_TRUE(text.contains("\nWhy\n  stale ")) << text;

  const Verified altered = quote_of(intel, {.signature = [](Bytes& signature) { signature[0] ^= std::byte{1}; }});
  const std::string bad = report_text(altered, appraise(altered, {}));
  EXPECT_TRUE(bad.starts_with("Not genuine: quote signature\n")) << bad;
  EXPECT_TRUE(bad.contains("What it says it is")) << bad;

  Policy policy;
  policy.platform = {"tdx"};
  const Verified other = quote_of(intel, {});
  EXPECT_TRUE(report_text(other, appraise(other, policy)).starts_with("Genuine, but not as wanted: platform is sgx\n"));
}

TEST(Report, LinesAreBrokenOnATerminalOnly) {
  FakeIntel intel;
  const Verified verified = quote_of(intel, {});
  const Verdict verdict = appraise(verified, {});
  for (const unsigned width : {60u, 80u, 120u}) {
    const std::string text = report_text(verified, verdict, {.colours = false, .width = width});
    std::size_t begin = 0;
    while (begin < text.size()) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      EXPECT_LE(end - begin, width) << text.substr(begin, end - begin);
      begin = end + 1;
    }
  }
  const std::string plain = report_text(verified, verdict), narrow = report_text(verified, verdict, {.width = 60});
  EXPECT_LT(std::ranges::count(plain, '\n'), std::ranges::count(narrow, '\n'));
  EXPECT_TRUE(report_text(verified, verdict, {.colours = true}).contains("\x1b[32m"));
}

TEST(Report, ThePageHasChainAndComponents) {
  FakeIntel intel;
  const Verified verified = quote_of(intel, {.version = 4, .tdx = true});
  const std::string html = report_html(verified, appraise(verified, {}));
  EXPECT_TRUE(html.contains("class=chain"));
  EXPECT_TRUE(html.contains("TCB components"));
  EXPECT_TRUE(html.contains("TDX SVNs of the platform"));
  EXPECT_TRUE(html.contains("SGX SVNs of its level"));
}

TEST(Report, ChainsAreToldApart) {
  FakeIntel intel;
  const Verified verified = quote_of(intel, {});
  const auto chains = chains_of(verified.findings().chain);
  ASSERT_EQ(chains.size(), 2u);  // of the PCK, of the TCB infos' signer
  EXPECT_EQ(chains[0].size(), 3u);
  EXPECT_EQ(chains[1].size(), 2u);
  EXPECT_TRUE(chains[0].back().anchor && chains[1].back().anchor);
}

TEST(Report, AVerdictBecomesAnAttestationResult) {
  FakeIntel intel;
  const Verified verified = quote_of(intel, {});
  Policy policy;
  policy.measurement = {verified.claims().measurement};
  const EarAppraisal good = appraisal_of("sgx", verified, appraise(verified, policy));
  EXPECT_EQ(good.status, TrustTier::kAffirming);
  ASSERT_TRUE(good.vector.has_value());
  EXPECT_EQ((*good.vector)[TrustClaim::kExecutables], 3);
  policy.measurement = {Bytes(32)};
  const EarAppraisal denied = appraisal_of("sgx", verified, appraise(verified, policy));
  EXPECT_EQ(denied.status, TrustTier::kContraindicated);
  EXPECT_EQ((*denied.vector)[TrustClaim::kExecutables], 33);
  const Verified late = quote_of(intel, {}, kFakeNow + 40 * testing::kFakeDay);
  EXPECT_EQ(appraisal_of("sgx", late, appraise(late, {})).status, TrustTier::kNone);
}

}  // namespace
}  // namespace adyton
