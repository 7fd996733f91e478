// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_device/aesm_messages.h"

#include <gtest/gtest.h>

#include "attest/evidence/protobuf.h"
#include "base/cursor.h"

namespace adyton::sgx {
namespace {

Bytes hex(std::string_view text) { return parse_hex(text).value(); }

// By protoc from Intel's messages.proto: {getQuoteExReq {report: "ab", att_key_id: "c", buf_size: 5000}} and the
// others.
TEST(SgxAesmMessagesTest, RequestsAreEncodedAsProtobufHasThem) {
  EXPECT_EQ(encode_key_count_request(), hex("aa0100"));
  EXPECT_EQ(encode_keys_request(2), hex("b20103088004"));
  EXPECT_EQ(encode_init_quote_request(as_bytes("c")), hex("7a070a016318012020"));
  EXPECT_EQ(encode_quote_size_request(as_bytes("c")), hex("8201030a0163"));
  EXPECT_EQ(encode_quote_request(as_bytes("ab"), as_bytes("c"), 5000), hex("8a010a0a026162120163208827"));
}

TEST(SgxAesmMessagesTest, AnswersAreParsed) {
  // {getQuoteSizeExRes {errorCode: 0, quote_size: 4734}}
  const Bytes size = hex("820105080010fe24");
  EXPECT_EQ(parse_aesm_answer(AesmRequest::kGetQuoteSizeEx, size)->number, 4734u);
  // {getQuoteExRes {errorCode: 0, quote: "xyz", qe_report_info: "q"}}
  const Bytes quote = hex("8a010a0800120378797a1a0171");
  EXPECT_EQ(as_text(parse_aesm_answer(AesmRequest::kGetQuoteEx, quote)->bytes), "xyz");
}

TEST(SgxAesmMessagesTest, RefusalsNameTheRemedy) {
  const auto refusal = [](std::uint8_t number) {
    Bytes message = hex("8a0102080000");
    message.pop_back();
    message.back() = std::byte{number};
    return parse_aesm_answer(AesmRequest::kGetQuoteEx, message).error();
  };
  EXPECT_TRUE(refusal(44).message.contains("register it with Intel"));
  EXPECT_TRUE(refusal(48).message.contains("/dev/sgx_provision"));
  EXPECT_EQ(refusal(47).code, ErrorCode::kInvalid);
  EXPECT_EQ(refusal(29).code, ErrorCode::kExhausted);
  EXPECT_TRUE(refusal(51).message.contains("GetQuoteEx: error 51"));
  // {unsupportedRequestResponse {errorCode: 1}}
  const Error unknown = parse_aesm_answer(AesmRequest::kGetQuoteEx, hex("a201020801")).error();
  EXPECT_TRUE(unknown.message.contains("newer sgx-aesm-service")) << unknown.message;
}

TEST(SgxAesmMessagesTest, WhatIsNoAnswerIsRefused) {
  for (const std::string_view bad : {
           "",                            // no answer
           "820105080010fe24",            // to GetQuoteSizeEx
           "8a010512037879",              // cut short
           "8a0105120378797a",            // no error code
           "8a01020800",                  // no quote
           "8a010408001005",              // a number as quote
           "8a0106080012037879",          // a field cut short
           "88010a",                      // a number as answer
           "8a010b08000800120378797a",    // two error codes
           "8a010c0800120178120378797a",  // two quotes
           "8a0105120378797a8a01020800",  // two answers
           "8a01070a00120378797a",        // an error code that is no number
           "8a010b0800120378797a1005",    // a quote and a number
       }) {
    const auto parsed = parse_aesm_answer(AesmRequest::kGetQuoteEx, hex(bad));
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid) << parsed.error().message;
    EXPECT_TRUE(parsed.error().message.contains("GetQuoteEx")) << parsed.error().message;
  }
}

TEST(SgxAesmMessagesTest, EveryTruncationIsRefusedAndNoBitFlipReadsOutside) {
  const Bytes whole = hex("8a010a0800120378797a1a0171");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_aesm_answer(AesmRequest::kGetQuoteEx, BytesView(whole).first(size))) << size;
  }
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes altered = whole;
    altered[bit / 8] ^= std::byte{1} << bit % 8;
    const auto parsed = parse_aesm_answer(AesmRequest::kGetQuoteEx, altered);
    if (parsed && !parsed->bytes.empty()) {
      EXPECT_GE(parsed->bytes.data(), altered.data());
      EXPECT_LE(parsed->bytes.data() + parsed->bytes.size(), altered.data() + altered.size());
    }
  }
}

TEST(SgxAesmMessagesTest, TheKeyOfEcdsaIsChosen) {
  Bytes ids(3 * kAesmKeyIdBytes);
  store_le<std::uint32_t>(ids, 154, 1);  // EPID
  store_le<std::uint32_t>(ids, kAesmKeyIdBytes + 154, 2);
  EXPECT_EQ(choose_aesm_key(ids)->data(), ids.data() + kAesmKeyIdBytes);
  EXPECT_EQ(choose_aesm_key(BytesView(ids).first(kAesmKeyIdBytes)).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(choose_aesm_key({}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(choose_aesm_key(BytesView(ids).first(kAesmKeyIdBytes - 1)).error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace adyton::sgx
