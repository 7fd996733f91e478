// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/ias_report.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "testing/fake_ias.h"

namespace adyton {
namespace {

using testing::FakeEpidQuote;
using testing::FakeIas;

const FakeIas& sample() {
  static const FakeIas ias;
  return ias;
}

Result<IasReport> parse(std::string_view text) { return parse_ias_report(as_bytes(text)); }

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST(IasReport, BodyIsRead) {
  FakeIas ias = sample();
  ias.more =
      R"("advisoryURL":"https://security-center.intel.com","advisoryIDs":["INTEL-SA-1","INTEL-SA-2"],"nonce":"n",)"
      R"("epidPseudonym":"cGs=","revocationReason":1,"platformInfoBlob":"1502","tcbEvaluationDataNumber":16,)";
  const std::string body = ias.body();
  EXPECT_TRUE(looks_like_ias_report(as_bytes(body)));
  const Result<IasReport> report = parse(body);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->body, body);
  EXPECT_TRUE(report->signature.empty());
  EXPECT_EQ(report->id, "1234");
  EXPECT_EQ(report->time, 1749981600);
  EXPECT_EQ(report->version, 4U);
  EXPECT_EQ(report->quote_status, "OK");
  EXPECT_EQ(report->quote.encoded, ias.quote.body());
  EXPECT_EQ(report->advisory_ids, (std::vector<std::string>{"INTEL-SA-1", "INTEL-SA-2"}));
  EXPECT_EQ(report->revocation_reason, "1");
  EXPECT_EQ(report->tcb_evaluation_data_number, 16U);
}

TEST(IasReport, EnvelopesHaveItAsText) {
  const std::string body = sample().body();
  const std::pair<const char*, const char*> names[] = {{"body", "signature"}, {"http_body", "sig"}};
  for (const auto& [body_name, signature_name] : names) {
    for (const std::string& inner : {body, to_base64(as_bytes(body))}) {
      const std::string text = nlohmann::json{{body_name, inner},
                                              {signature_name, sample().signature_of(body)},
                                              {"certificates", sample().url_encoded_chain()}}
                                   .dump();
      const Result<IasReport> report = parse(text);
      ASSERT_TRUE(report) << report.error().message;
      EXPECT_EQ(report->body, body);
      EXPECT_EQ(report->signature.size(), 256U);
      EXPECT_EQ(report->chain_pem, sample().chain_pem());
    }
  }
  EXPECT_FALSE(parse(R"({"other":"x"})"));
  EXPECT_FALSE(parse(nlohmann::json{{"body", body}, {"report", body}}.dump()));
  EXPECT_FALSE(parse(nlohmann::json{{"body", body}, {"signature", "not base64"}}.dump()));
  EXPECT_FALSE(parse(nlohmann::json{{"body", 7}}.dump()));
}

TEST(IasReport, EveryTruncationIsRefused) {
  const std::string body = sample().body();
  for (std::size_t size = 0; size < body.size(); ++size) EXPECT_FALSE(parse(body.substr(0, size))) << size;
}

TEST(IasReport, MembersAreWhatTheyHaveToBe) {
  const std::string body = sample().body();
  for (const char* name : {"id", "timestamp", "version", "isvEnclaveQuoteStatus", "isvEnclaveQuoteBody"}) {
    EXPECT_FALSE(parse(replaced(body, name, std::string("x") + name))) << name;
  }
  EXPECT_FALSE(parse(replaced(body, "\"version\":4", "\"version\":2")));
  EXPECT_FALSE(parse(replaced(body, "\"version\":4", "\"version\":\"4\"")));
  EXPECT_FALSE(parse(replaced(body, "\"version\":4", "\"version\":4,\"version\":4")));
  EXPECT_FALSE(parse(replaced(body, "\"OK\"", "\"OK\",\"isvEnclaveQuoteStatus\":\"OK\"")));
  EXPECT_FALSE(parse(replaced(body, "\"OK\"", "true")));
  EXPECT_FALSE(parse(replaced(body, "\"1234\"", "\"1\",\"advisoryIDs\":\"x\"")));
  EXPECT_FALSE(parse(replaced(body, "\"1234\"", "\"1\",\"advisoryIDs\":[1]")));
  EXPECT_FALSE(parse(replaced(body, "\"1234\"", "\"1\",\"nonce\":1")));
  for (const char* time : {"2025-06-15", "2025-13-15T10:00:00", "2025-06-31T10:00:00", "2025-06-15T24:00:00",
                           "2025-06-15 10:00:00", "2025-06-15T10:00:00Z", "2025-06-15T10:60:00", "x"}) {
    EXPECT_FALSE(parse(replaced(body, sample().timestamp, time))) << time;
  }
  EXPECT_TRUE(parse(replaced(body, sample().timestamp, "2025-06-15T10:00:00")));
  EXPECT_FALSE(parse(std::string(65537, ' ')));
}

TEST(IasReport, HeadersAreDecoded) {
  EXPECT_EQ(*decode_ias_chain("-----BEGIN%20X-----%0Ay%2Bz"), "-----BEGIN X-----\ny+z");
  EXPECT_EQ(*decode_ias_chain("plain+text"), "plain+text");
  for (const char* bad : {"%", "%2", "a%zz", "%2x"}) EXPECT_FALSE(decode_ias_chain(bad)) << bad;
  EXPECT_TRUE(parse_ias_signature("AAEC\n"));
  for (const char* bad : {"", "AAEC AAEC", "%41"}) EXPECT_FALSE(parse_ias_signature(bad)) << bad;
}

TEST(EpidQuote, IsReadExactly) {
  const FakeEpidQuote fake;
  const Bytes bytes = fake.quote();
  EXPECT_TRUE(looks_like_epid_quote(bytes));
  const Result<EpidQuote> quote = parse_epid_quote(bytes);
  ASSERT_TRUE(quote) << quote.error().message;
  EXPECT_EQ(quote->encoded, bytes);
  EXPECT_EQ(quote->version, 2);
  EXPECT_EQ(quote->signature_type, 1);
  EXPECT_EQ(to_hex(quote->group_id), "ac0c0000");
  EXPECT_EQ(quote->qe_svn, 14);
  EXPECT_EQ(quote->pce_svn, 15);
  EXPECT_EQ(quote->signature.size(), 680U);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_epid_quote(BytesView(bytes).first(size))) << size;
    EXPECT_EQ(parse_epid_quote_body(BytesView(bytes).first(size)).has_value(), size == 432) << size;
  }
  Bytes longer = bytes;
  longer.push_back({});
  EXPECT_FALSE(parse_epid_quote(longer));
  EXPECT_FALSE(looks_like_epid_quote(longer));
}

TEST(EpidQuote, OtherVersionsAndReservedBitsAreRefused) {
  for (std::uint16_t version : {0, 3, 4, 0xffff})
    EXPECT_FALSE(parse_epid_quote(FakeEpidQuote{.version = version}.quote()));
  EXPECT_TRUE(parse_epid_quote(FakeEpidQuote{.version = 1}.quote()));
  EXPECT_FALSE(parse_epid_quote(FakeEpidQuote{.signature_type = 2}.quote()));
  EXPECT_FALSE(parse_epid_quote(FakeEpidQuote{.signature_bytes = 0}.quote()));
  Bytes reserved = FakeEpidQuote().quote();
  reserved[48 + 96] = std::byte{1};
  EXPECT_FALSE(parse_epid_quote(reserved));
}

}  // namespace
}  // namespace adyton
