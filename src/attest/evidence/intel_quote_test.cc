// SPDX-License-Identifier: Apache-2.0
// Parsers of quotes, reports, PCK extensions, wrappings: every truncation, reserved fields, lengths.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "attest/evidence/intel_wrappers.h"
#include "attest/evidence/sgx_quote.h"
#include "attest/evidence/td_report.h"
#include "attest/evidence/tdx_quote.h"
#include "base/base64.h"
#include "base/cursor.h"
#include "testing/fake_intel.h"

namespace adyton {
namespace {

using testing::FakeIntel;

bool parses(BytesView bytes) { return parse_sgx_quote(bytes).has_value() || parse_tdx_quote(bytes).has_value(); }

struct Form {
  unsigned version;
  bool tdx, td15;
};
constexpr Form kForms[] = {{3, false, false}, {4, false, false}, {5, false, false},
                           {4, true, false},  {5, true, false},  {5, true, true}};

Bytes quote_of(FakeIntel& intel, const Form& form) {
  return intel.quote({.version = form.version, .tdx = form.tdx, .td_report_15 = form.td15});
}

TEST(IntelQuoteParser, Fields) {
  FakeIntel intel;
  for (const Form& form : kForms) {
    const Bytes bytes = quote_of(intel, form);
    EXPECT_EQ(looks_like_sgx_quote(bytes), !form.tdx);
    EXPECT_EQ(looks_like_tdx_quote(bytes), form.tdx);
    if (form.tdx) {
      const auto quote = parse_tdx_quote(bytes);
      ASSERT_TRUE(quote) << quote.error().message;
      EXPECT_EQ(quote->header.version(), form.version);
      EXPECT_EQ(quote->report.is_15, form.td15);
      EXPECT_EQ(quote->report.mr_td()[0], std::byte{0x7d});
      EXPECT_EQ(quote->signature.certification_type, CertificationType::kPckChain);
      EXPECT_FALSE(parse_sgx_quote(bytes));
    } else {
      const auto quote = parse_sgx_quote(bytes);
      ASSERT_TRUE(quote) << quote.error().message;
      EXPECT_EQ(quote->report.isv_product_id(), 7);
      EXPECT_EQ(quote->signature.qe_report.isv_svn(), 8);
      EXPECT_EQ(quote->signature.qe_authentication_data().size(), 32U);
      EXPECT_FALSE(parse_tdx_quote(bytes));
    }
  }
}

TEST(IntelQuoteParser, EveryTruncationAndExtension) {
  FakeIntel intel;
  for (const Form& form : kForms) {
    Bytes bytes = quote_of(intel, form);
    for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(parses(BytesView(bytes).first(size))) << size;
    bytes.push_back(std::byte{0});
    EXPECT_FALSE(parses(bytes));
    EXPECT_TRUE(unwrap_intel_quote(bytes));
  }
}

TEST(IntelQuoteParser, HeaderAndLengths) {
  FakeIntel intel;
  for (const Form& form : kForms) {
    const Bytes good = quote_of(intel, form);
    const auto refused = [&](std::size_t offset, std::uint32_t value, std::size_t size) {
      Bytes bad = good;
      for (std::size_t i = 0; i < size; ++i) bad[offset + i] = static_cast<std::byte>(value >> (8 * i));
      return !parses(bad);
    };
    EXPECT_TRUE(refused(0, 2, 2));  // version
    EXPECT_TRUE(refused(0, 6, 2));
    EXPECT_TRUE(refused(2, 3, 2));     // P-384
    EXPECT_TRUE(refused(2, 0, 2));     // EPID
    EXPECT_TRUE(refused(4, 0x82, 4));  // TEE type
    EXPECT_TRUE(refused(4, form.tdx ? 0 : 0x81, 4));
    EXPECT_TRUE(refused(12, 0, 1));  // QE vendor
    const bool tagged = form.version == 5;
    if (tagged) {
      for (const std::uint32_t type : {0U, 1U, 2U, 3U, 4U}) {
        const std::uint32_t own = form.tdx ? (form.td15 ? 3 : 2) : 1;
        EXPECT_EQ(refused(48, type, 2), type != own) << type;
      }
      EXPECT_TRUE(refused(50, 0xffffffff, 4));
    }
    const std::size_t body = form.tdx ? (form.td15 ? 648 : 584) : 384;
    const std::size_t size_at = 48 + (tagged ? 6 : 0) + body;
    EXPECT_TRUE(refused(size_at, 0xffffffff, 4));
    EXPECT_TRUE(refused(size_at, 0, 4));
    const std::size_t nested = size_at + 4 + 128;
    if (form.version > 3) {
      EXPECT_TRUE(refused(nested, 5, 2));  // not "QE report"
      EXPECT_TRUE(refused(nested + 2, 0xfffffff0, 4));
    }
    const std::size_t qe = nested + (form.version > 3 ? 6 : 0);
    EXPECT_TRUE(refused(qe + 20, 1, 1));        // reserved, in the QE's report
    EXPECT_TRUE(refused(qe + 448, 0xffff, 2));  // size of the authentication data
    EXPECT_TRUE(refused(qe + 450 + 32, 0, 2));  // type of the certification data
    EXPECT_TRUE(refused(qe + 450 + 32, 6, 2));  // a QE report in a QE report
    EXPECT_TRUE(refused(qe + 450 + 32, 8, 2));
    EXPECT_TRUE(refused(qe + 450 + 34, 0xffffffff, 4));
    EXPECT_TRUE(refused(qe + 450 + 34, 1, 4));
    if (!form.tdx) {
      const std::size_t report = size_at - 384;
      for (const std::size_t reserved : {20U, 31U, 96U, 127U, 160U, 191U, 262U, 303U}) {
        EXPECT_TRUE(refused(report + reserved, 1, 1)) << reserved;
      }
      EXPECT_FALSE(refused(report + 304, 1, 1));  // ISVFAMILYID
    }
  }
}

TEST(IntelQuoteParser, PckRequests) {
  FakeIntel intel;
  for (const CertificationType type :
       {CertificationType::kPpidPlain, CertificationType::kPpidRsa2048, CertificationType::kPpidRsa3072}) {
    const auto quote = parse_sgx_quote(intel.quote({.certification = type}));
    ASSERT_TRUE(quote);
    const auto request = parse_pck_request(quote->signature);
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->ppid.size(), type == CertificationType::kPpidPlain     ? 16U
                                    : type == CertificationType::kPpidRsa2048 ? 256U
                                                                              : 384U);
    EXPECT_EQ(to_hex(request->pce_svn), "0d00");
  }
  const auto chain = parse_sgx_quote(intel.quote());
  EXPECT_FALSE(parse_pck_request(chain->signature));
}

TEST(PckExtensions, RoundTripAndTruncations) {
  FakeIntel intel;
  const Bytes der = testing::encode_pck_extensions(intel.platform);
  const auto parsed = parse_pck_extensions(der);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(testing::encode_pck_extensions(*parsed), der);
  EXPECT_EQ(parsed->pce_svn, 13);
  EXPECT_EQ(parsed->components, intel.platform.components);
  EXPECT_EQ(parsed->smt_enabled, true);
  for (std::size_t size = 0; size < der.size(); ++size) {
    EXPECT_FALSE(parse_pck_extensions(BytesView(der).first(size))) << size;
  }
  const auto from_certificate = parse_pck_extensions(intel.pck().certificate);
  ASSERT_TRUE(from_certificate);
  EXPECT_EQ(from_certificate->fmspc, intel.platform.fmspc);
  EXPECT_FALSE(parse_pck_extensions(intel.root.certificate()));
}

TEST(PckExtensions, IncompleteOnesAndDoubles) {
  der::Writer empty;
  empty.nested(der::kSequence, [] {});
  EXPECT_FALSE(parse_pck_extensions(empty.bytes()));
  const auto pair = [](der::Writer& out) {
    out.nested(der::kSequence, [&] {
      out.element(der::kObjectIdentifier, testing::oid("1.2.840.113741.1.13.1.1"));
      out.element(der::kOctetString, Bytes(16));
    });
  };
  der::Writer doubled;
  doubled.nested(der::kSequence, [&] {
    pair(doubled);
    pair(doubled);
  });
  const auto refused = parse_pck_extensions(doubled.bytes());
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.contains("twice")) << refused.error().message;
}

TEST(LocalTdReport, FormOnly) {
  Bytes bytes(LocalTdReport::kSize);
  EXPECT_FALSE(parse_local_td_report(bytes));
  bytes[0] = std::byte{0x81};
  EXPECT_TRUE(parse_local_td_report(bytes));
  for (const std::size_t reserved : {3U, 4U, 15U, 192U, 223U, 495U, 511U}) {
    Bytes bad = bytes;
    bad[reserved] = std::byte{1};
    EXPECT_FALSE(parse_local_td_report(bad)) << reserved;
  }
  EXPECT_FALSE(parse_local_td_report(BytesView(bytes).first(1023)));
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(parse_local_td_report(bytes));
}

TEST(IntelWrappers, FindTheQuote) {
  FakeIntel intel;
  const Bytes quote = intel.quote({.version = 4, .tdx = true});
  const auto check = [&](BytesView wrapped, std::string_view what) {
    SCOPED_TRACE(what);
    const auto found = unwrap_intel_quote(wrapped);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->quote, quote);
    EXPECT_TRUE(found->what.contains(what)) << found->what;
  };
  check(quote, "");
  Bytes padded = quote;
  padded.resize(8000);
  check(padded, "followed by");
  check(as_bytes(to_hex(quote)), "hexadecimal");
  check(as_bytes("0x" + to_hex(quote) + "\n"), "hexadecimal");
  check(as_bytes(to_base64(quote)), "base64");
  check(as_bytes(R"({"quote": ")" + to_hex(quote) + R"(", "event_log": "[]"})"), "JSON");
  check(as_bytes("# a comment\n" + to_hex(quote)), "comment");
  Bytes report;
  append_le<std::uint32_t>(report, 1);
  append_le<std::uint32_t>(report, 2);
  append_le<std::uint64_t>(report, quote.size());
  append(report, quote);
  check(report, "Open Enclave");
  for (const char* id : {"1.2.840.113556.10.1.1", "1.2.840.113741.1337.6"}) {
    const auto certificate = intel.root.issue(
        "CN=Enclave",
        {.extensions = {{testing::oid(id), id == std::string_view("1.2.840.113741.1337.6") ? quote : report}}});
    check(certificate.certificate.der(), "X.509");
    check(as_bytes(to_pem("CERTIFICATE", certificate.certificate.der())), "PEM");
  }
  Bytes claims = {std::byte{0xd9}, std::byte{0xea}, std::byte{0x60}, std::byte{0x82}, std::byte{0x59}};
  append_be<std::uint16_t>(claims, static_cast<std::uint16_t>(quote.size()));
  append(claims, quote);
  append(claims, *parse_hex("43010203"));
  const auto tagged = intel.root.issue("CN=Enclave", {.extensions = {{testing::oid("2.23.133.5.4.9"), claims}}});
  check(tagged.certificate.der(), "DICE");
  EXPECT_EQ(unwrap_intel_quote(tagged.certificate.der())->held_data.front(), *parse_hex("010203"));
  Bytes handshake = {std::byte{0x0a}, std::byte{32}};
  handshake.resize(34);
  handshake.push_back(std::byte{0x12});
  handshake.push_back(static_cast<std::byte>(0x80 | (quote.size() & 0x7f)));
  handshake.push_back(static_cast<std::byte>(quote.size() >> 7));
  append(handshake, quote);
  append(handshake, *parse_hex("1a03616263"));
  check(handshake, "SVR2");
  EXPECT_TRUE(looks_like_intel_wrapping(handshake));
  EXPECT_EQ(unwrap_intel_quote(handshake)->collateral.front().second, to_bytes("abc"));
}

TEST(IntelWrappers, RefuseTheRest) {
  FakeIntel intel;
  const Bytes quote = intel.quote();
  for (const std::string& text : {std::string(), std::string("{}"), std::string("{\"quote\":1}"), std::string("hello"),
                                  to_hex(quote).substr(0, 2000), std::string("-----BEGIN CERTIFICATE-----\n")}) {
    EXPECT_FALSE(unwrap_intel_quote(as_bytes(text))) << text.substr(0, 40);
  }
  EXPECT_FALSE(unwrap_intel_quote(intel.root.certificate().der()));
  std::string deep = to_hex(quote);
  for (int i = 0; i < 6; ++i) deep = to_hex(as_bytes(deep));
  EXPECT_FALSE(unwrap_intel_quote(as_bytes(deep)));
}

}  // namespace
}  // namespace adyton
