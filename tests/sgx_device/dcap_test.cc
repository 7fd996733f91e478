// SPDX-License-Identifier: Apache-2.0
// Intel's quoting library, by a shared object that stands in for it (fake_dcap.c).
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/cursor.h"
#include "platform/sgx_device/hardware_quotes.h"

namespace adyton {
namespace {

class SgxDcapTest : public testing::Test {
 protected:
  static std::string library() {
    const auto programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    return programs.parent_path() / "tests/sgx_device/libfake_dcap.so";
  }
  static void go_wrong(const char* what) { ::setenv("ADYTON_FAKE_DCAP", what, 1); }
  void TearDown() override { ::unsetenv("ADYTON_FAKE_DCAP"); }
  static std::unique_ptr<QuoteSource> quotes() { return make_dcap_quotes({.library = library()}).value(); }
  static void expect_quote_error(const char* wrong, ErrorCode code, std::string_view word) {
    go_wrong(wrong);
    const auto quote = quotes()->quote(Bytes(432));
    ASSERT_FALSE(quote) << wrong;
    EXPECT_EQ(quote.error().code, code) << quote.error().message;
    EXPECT_TRUE(quote.error().message.contains(word)) << quote.error().message;
  }
};

TEST_F(SgxDcapTest, MakesAQuoteOfAReport) {
  const auto source = quotes();
  EXPECT_EQ(source->target_info().value(), Bytes(512, std::byte{0x51}));
  Bytes report(432);
  for (std::size_t i = 0; i < report.size(); ++i) report[i] = static_cast<std::byte>(i * 3);
  const auto quote = source->quote(report);
  ASSERT_TRUE(quote) << quote.error().message;
  EXPECT_EQ(quote->size(), 736u);  // the buffer was longer
  EXPECT_TRUE(std::ranges::equal(BytesView(*quote).subspan(48, 384), BytesView(report).first(384)));
  EXPECT_EQ(quote->back(), std::byte{0x77});
  EXPECT_EQ(source->quote(Bytes(433)).error().code, ErrorCode::kInvalid);
}

TEST_F(SgxDcapTest, ItsErrorsNameTheRemedy) {
  expect_quote_error("certificates", ErrorCode::kUnavailable, "sgx_default_qcnl.conf");
  expect_quote_error("number", ErrorCode::kUnavailable, "0xe0ff");
  expect_quote_error("huge", ErrorCode::kInvalid, "4294967295 bytes");
  expect_quote_error("tiny", ErrorCode::kInvalid, "a quote of 100 bytes");
  expect_quote_error("long", ErrorCode::kInvalid, "signature data");
  go_wrong("lost");
  const auto info = quotes()->target_info();
  ASSERT_FALSE(info);
  EXPECT_TRUE(info.error().message.contains("try again")) << info.error().message;
}

TEST_F(SgxDcapTest, AMissingOrOtherLibraryIsSaidWithThePackage) {
  for (const char* name : {"libadyton_there_is_none.so", "libm.so.6"}) {
    const auto none = make_dcap_quotes({.library = name});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::kUnavailable);
    EXPECT_TRUE(none.error().message.contains("libsgx-dcap-ql")) << none.error().message;
  }
}

TEST_F(SgxDcapTest, IsTakenWhereThereIsNoService) {
  EXPECT_TRUE(make_hardware_quotes({.library = library(), .socket = "/nonexistent/socket"}));
}

}  // namespace
}  // namespace adyton
