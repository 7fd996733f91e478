// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/evidence.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "testing/fake_intel.h"
#include "testing/fake_tpm.h"

namespace adyton {
namespace {

// An Azure VM's evidence of which one part is broken is broken: it was taken for the TD quote in it, and was genuine.
TEST(Evidence, APartDoesNotPassForTheWhole) {
  testing::FakeIntel intel;
  Bytes td_report(1184);
  td_report[0] = std::byte{0x81};
  const SigningKey ak = testing::fake_key(KeyType::kRsa);
  const std::string runtime = testing::fake_runtime_json(ak);
  const Bytes hcl = testing::fake_hcl_report(td_report, 4, runtime);
  const Bytes attest = testing::fake_tpm_attest({});
  const auto evidence = [&](std::string_view report, std::string_view message) {
    const Bytes quote = intel.quote({.version = 4, .tdx = true});
    return fmt::format(
        R"({{"hcl_report":"{}","tpm_quote":{{"message":"{}","signature":"00","pcrs":[]}},"td_quote":"{}"}})", report,
        message, to_base64url(quote));
  };
  const auto whole = parse_evidence(as_bytes(evidence(to_base64url(hcl), to_hex(attest))));
  ASSERT_TRUE(whole.has_value()) << whole.error().message;
  EXPECT_EQ(kind_of(*whole), "Azure confidential VM");
  for (const std::string& broken : {evidence(to_base64url(hcl), "00"), evidence("AAAA", to_hex(attest)),
                                    "[" + evidence(to_base64url(hcl), "00") + "]"}) {
    const auto parsed = parse_evidence(as_bytes(broken));
    EXPECT_FALSE(parsed.has_value()) << kind_of(*parsed);
  }
  const std::string inner = fmt::format(R"({{"evidence":{}}})", evidence(to_base64url(hcl), "00"));
  EXPECT_FALSE(parse_evidence(as_bytes(inner)).has_value());
  for (const std::string_view member : {"hcl_report", "tpm_quote"}) {
    std::string renamed = evidence(to_base64url(hcl), to_hex(attest));
    renamed[renamed.find(member)] ^= 1;
    EXPECT_FALSE(parse_evidence(as_bytes(renamed)).has_value()) << member;
  }
}

}  // namespace
}  // namespace adyton
