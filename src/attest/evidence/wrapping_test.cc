// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/wrapping.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "attest/evidence/cca_token.h"
#include "attest/evidence/epid_quote.h"
#include "attest/evidence/wrapping_text.h"
#include "base/base64.h"
#include "base/cbor.h"
#include "testing/evidence_index.h"

namespace adyton {
namespace {

// Bytes that use all of both alphabets of base64.
Bytes sample(std::size_t size = 100) {
  Bytes out;
  for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<std::byte>(0xff - i * 5));
  return out;
}

std::string url(std::string text, bool padded) {
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  if (!padded) text.erase(std::min(text.find('='), text.size()));
  return text;
}

// The trail of the innermost candidate, if that is `wanted`; else what there is.
std::string trail_to(BytesView wanted, std::string_view text) {
  const Unwrapped unwrapped = unwrap(as_bytes(text));
  EXPECT_EQ(unwrapped.candidates.front().bytes, to_bytes(text));
  EXPECT_EQ(unwrapped.candidates.front().trail, "");
  const auto& last = unwrapped.candidates.back();
  return last.bytes == to_bytes(wanted) ? last.trail : "(" + last.trail + ": " + to_hex(last.bytes) + ")";
}

// How many candidates there are beside the input itself.
std::size_t found(std::string_view text) { return unwrap(as_bytes(text)).candidates.size() - 1; }

TEST(Wrapping, HexInItsForms) {
  const Bytes bytes = sample();
  const std::string hex = to_hex(bytes);
  std::string upper = hex, spaced, prefixed, list, escaped, colons;
  std::ranges::transform(upper, upper.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const std::string one = hex.substr(i, 2);
    spaced += one + (i % 32 == 30 ? "\r\n" : " ");
    list += "0x" + one + ", ";
    prefixed += "0x" + one + " ";
    escaped += "\\x" + one;
    colons += one + ":";
  }
  for (const std::string& text : {hex, upper, hex + "\n", " \n" + hex, spaced, "0x" + hex, "0X" + upper, list, prefixed,
                                  escaped, "\xef\xbb\xbf" + hex}) {
    EXPECT_EQ(trail_to(bytes, text), "hex") << text;
  }
  for (const std::string& text : {hex + "g", hex.substr(1), colons, hex + "0x00", hex + ",", "0x" + hex + ",00"}) {
    EXPECT_NE(trail_to(bytes, text), "hex") << text;
  }
  EXPECT_EQ(found(to_hex(sample(15))), 0U);  // a hash or a number, perhaps
}

TEST(Wrapping, Base64InItsForms) {
  for (std::size_t size : {100, 101, 102}) {
    const Bytes bytes = sample(size);
    const std::string base64 = to_base64(bytes);
    std::string lines;
    for (std::size_t i = 0; i < base64.size(); i += 64) lines += "  " + base64.substr(i, 64) + "\r\n";
    std::string unpadded = base64;
    unpadded.erase(std::min(unpadded.find('='), unpadded.size()));
    for (const std::string& text : {base64, base64 + "\n", lines, unpadded, url(base64, true), url(base64, false)}) {
      EXPECT_EQ(trail_to(bytes, text), "base64") << text;
    }
    for (const std::string& text : {base64 + "!", "=" + base64, base64 + base64.substr(0, 1) + "-" + "+"}) {
      EXPECT_EQ(found(text), 0U) << text;
    }
  }
  EXPECT_EQ(found("Words of a sentence are no evidence at all"), 0U);
  EXPECT_EQ(found("eyJhbGciOiJub25lIn0.eyJhbGciOiJub25lIn0.AAAA"), 0U);  // a JWT is looked at as it is
  EXPECT_EQ(found(to_base64(sample(15))), 0U);
  EXPECT_EQ(found("AAAAAAAAAAAAAAAAAAAAAAB"), 0U);  // bits left over
}

TEST(Wrapping, PemOfAnyLabel) {
  const Bytes bytes = sample();
  const std::string body = to_base64(bytes);
  const auto block = [&](std::string_view label, std::string_view inner) {
    return fmt::format("-----BEGIN {}-----\n{}\n-----END {}-----\n", label, inner, label);
  };
  EXPECT_EQ(trail_to(bytes, block("TDX QUOTE", body)), "PEM block \"TDX QUOTE\"");
  EXPECT_EQ(trail_to(bytes, "\n" + block("A", to_base64(as_bytes("0"))) + "\n" + block("B", body)), "PEM block \"B\"");
  EXPECT_EQ(found(block("A", body) + "text between" + block("A", body)), 0U);
  EXPECT_EQ(found(block("A", "not base64!")), 0U);
  EXPECT_EQ(found(block("A", "")), 0U);
  EXPECT_EQ(found("-----BEGIN A-----\n" + body), 0U);
  EXPECT_EQ(found("-----BEGIN A-----\n" + body + "\n-----END B-----"), 0U);
  EXPECT_EQ(found("-----BEGIN -----\n" + body + "\n-----END -----"), 0U);
  std::string many;
  for (int i = 0; i < 9; ++i) many += block("A", body);
  EXPECT_EQ(found(many), 0U);
}

TEST(Wrapping, JsonWithOneEvidence) {
  const Bytes bytes = sample();
  const std::string base64 = to_base64(bytes), hex = to_hex(bytes);
  EXPECT_EQ(trail_to(bytes, "\"" + base64 + "\""), "base64 in a JSON string");
  EXPECT_EQ(trail_to(bytes, R"({"version": 1, "quote": ")" + hex + "\"}"), "hex in JSON member \"quote\"");
  EXPECT_EQ(trail_to(bytes, R"({"Attestation-Report":"0x)" + hex + R"(", "certs": ["x"]})"),
            "hex in JSON member \"Attestation-Report\"");
  EXPECT_EQ(trail_to(bytes, R"({"evidence": {"tdx_quote": ")" + base64 + R"("}})"),
            "base64 in JSON member \"tdx_quote\" in JSON member \"evidence\"");
  std::string array;
  for (std::byte byte : bytes) array += (array.empty() ? "" : ",") + std::to_string(static_cast<int>(byte));
  EXPECT_EQ(trail_to(bytes, R"({"report": [)" + array + "]}"), "JSON member \"report\"");
  EXPECT_EQ(trail_to(bytes, R"({"n\u00e4me": "\u00e4", "quote": ")" + hex + "\"}"), "hex in JSON member \"quote\"");
  EXPECT_EQ(trail_to(bytes, "[" + array + "]\n"), "a JSON array of bytes");
  EXPECT_EQ(found("[1,2,3]"), 0U);
  EXPECT_EQ(found("[" + array + ",256]"), 0U);
  EXPECT_EQ(found("[" + array + ",\"\"]"), 0U);
  EXPECT_EQ(trail_to(as_bytes("a.b.c"), R"({"evidence":"a.b.c"})"), "JSON member \"evidence\"");

  EXPECT_EQ(found(R"({"quote":")" + hex + R"(","report":")" + hex + "\"}"), 0U);  // a format of its own
  EXPECT_EQ(found(R"({"quote":")" + hex + R"(","quote":")" + hex + "\"}"), 0U);
  EXPECT_EQ(found(R"({"tpm_quote":")" + hex + R"(","hcl_report":")" + hex + "\"}"), 0U);
  EXPECT_EQ(found(R"({"report_data":")" + hex + "\"}"), 0U);
  EXPECT_EQ(found(R"({"quote":)" + std::string("7}")), 0U);
  EXPECT_EQ(found(R"({"quote":[]})"), 0U);
  EXPECT_EQ(found(R"({"quote":[256]})"), 0U);
  EXPECT_EQ(found(R"({"quote":""})"), 0U);
  EXPECT_EQ(found(R"([{"quote":")" + hex + "\"}]"), 0U);
  EXPECT_EQ(found(R"({"quote":")" + hex + "\"} x"), 0U);
  EXPECT_EQ(found(std::string(1000, '{') + std::string(1000, '}')), 0U);
}

TEST(Wrapping, CborMapWithOneEvidence) {
  const Bytes bytes = sample();
  const auto text_of = [](const cbor::MapWriter& map) {
    return std::string(as_text(cbor::Writer().map(map).encoded()));
  };
  cbor::MapWriter map;
  map.key("evidence").bytes(bytes);
  map.key("other").array(1).integer(5);
  map.key(7).null();
  EXPECT_EQ(trail_to(bytes, text_of(map)), "CBOR member \"evidence\"");
  cbor::MapWriter with_text;
  with_text.key("quote").text(to_hex(bytes));
  EXPECT_EQ(trail_to(bytes, text_of(with_text)), "hex in CBOR member \"quote\"");
  map.key("quote").bytes(bytes);
  EXPECT_EQ(found(text_of(map)), 0U);
  EXPECT_EQ(found(text_of(with_text) + "x"), 0U);
  EXPECT_EQ(found(text_of(with_text).substr(0, 50)), 0U);
}

TEST(Wrapping, GoesAFewLevelsDeepAndNoFurther) {
  const Bytes bytes = sample();
  std::string text(as_text(bytes));
  for (int level = 1; level <= 6; ++level) {
    text = to_base64(as_bytes(text));
    const Unwrapped unwrapped = unwrap(as_bytes(text));
    EXPECT_EQ(unwrapped.candidates.size(), std::min<std::size_t>(level, 4) + 1);
    EXPECT_EQ(unwrapped.candidates.back().bytes == bytes, level <= 4);
  }
  EXPECT_EQ(unwrap(as_bytes(text), {.levels = 1}).candidates.size(), 2U);
  EXPECT_EQ(unwrap(as_bytes(text), {.levels = 0}).candidates.size(), 1U);
  EXPECT_EQ(unwrap(as_bytes(text), {.candidates = 3}).candidates.size(), 3U);
  EXPECT_EQ(unwrap(as_bytes(text), {.bytes = text.size() - 1}).candidates.size(), 1U);
}

TEST(Wrapping, LeavesTheRestAlone) {
  for (const std::string& text :
       {std::string(), std::string("\0\1\2", 3), std::string("\xff\xfe"), std::string("{}"), std::string("\""),
        std::string("-----BEGIN "), std::string("0x"), std::string("\\x"), std::string("   \n"), std::string("\xa0")}) {
    EXPECT_EQ(found(text), 0U);
  }
  EXPECT_EQ(unwrap({}).candidates.size(), 1U);
}

// Every file of the real evidence that is wrapped, and that none of the raw ones is taken for a wrapping.
TEST(WrappingEvidence, UnwrapsWhatIsWrapped) {
  if (testing::evidence_rows("cca/").empty()) {
    GTEST_SKIP() << "no real evidence here: set ADYTON_EVIDENCE to its folder";
  }
  const auto inner = [](std::string_view path) { return unwrap(testing::evidence_file(path)).candidates.back(); };
  const auto virtcca = inner("cca/virtcca-huawei-secgear.cbor.hex");
  EXPECT_EQ(virtcca.trail, "hex");
  EXPECT_TRUE(looks_like_cca_token(virtcca.bytes));
  const auto epid = inner("sgx-epid/mobilecoin-quote_ok.txt");
  EXPECT_EQ(epid.trail, "base64");
  EXPECT_TRUE(looks_like_epid_quote(epid.bytes));
  for (const char* path : {"nvidia/hopper-sdk-580.report.txt", "nvidia/blackwell-sdk-575.32.report.txt"}) {
    EXPECT_EQ(inner(path).trail, "hex") << path;
    EXPECT_EQ(to_hex(BytesView(inner(path).bytes).first(4)), "11e001ff") << path;
  }
  for (const char* path : {"tdx/bundles/dstack-quote-report.json", "tdx/bundles/dstack-tdx-lite-getquote.json"}) {
    EXPECT_EQ(inner(path).trail, "hex in JSON member \"quote\"") << path;
    EXPECT_EQ(to_hex(BytesView(inner(path).bytes).first(8)), "0400020081000000") << path;
  }
  const auto maa = inner("eat/maa-samples-post.attest.body.json");
  EXPECT_EQ(maa.trail, "base64 in JSON member \"Quote\"");
  EXPECT_EQ(to_hex(BytesView(maa.bytes).first(8)), "0100000002000000");  // Open Enclave's header before the quote
  for (const char* path : {"sgx-ecdsa/bundles/maa-intel-sdk-enclave.info.prodid.json",
                           "sgx-ecdsa/bundles/maa-intel-sdk-enclave.info.release.json"}) {
    EXPECT_EQ(inner(path).trail, "hex in JSON member \"QuoteHex\"") << path;
  }
  const auto azure = inner("azure-vtpm/azure-snp-vtpm-attestation-rs-evidence-v1.json");
  EXPECT_EQ(azure.trail, "JSON member \"evidence\"");
  EXPECT_TRUE(as_text(azure.bytes).starts_with('{'));
  const auto certificate = inner("sgx-ecdsa/bundles/rats-rs-demo-sgx-cert.pem");
  EXPECT_EQ(certificate.trail, "PEM block \"CERTIFICATE\"");
}

TEST(WrappingEvidence, LeavesRawEvidenceAlone) {
  const auto rows = testing::evidence_rows("");
  if (rows.empty()) GTEST_SKIP() << "no real evidence here: set ADYTON_EVIDENCE to its folder";
  std::size_t raw = 0;
  for (const auto& row : rows) {
    const bool is_raw = row.path.ends_with(".bin") || row.path.ends_with(".cbor") || row.path.ends_with(".der") ||
                        row.path.ends_with(".dat");
    if (!is_raw) continue;
    ++raw;
    EXPECT_EQ(unwrap(row.bytes).candidates.size(), 1U)
        << row.path << " is taken for " << unwrap(row.bytes).candidates.back().trail;
  }
  EXPECT_GT(raw, 100U);
}

}  // namespace
}  // namespace adyton
