// SPDX-License-Identifier: Apache-2.0
// Real evidence of Intel's and its index, for tests.
#pragma once

#include <ctime>
#include <filesystem>
#include <iomanip>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "attest/verify/sgx_quote.h"
#include "attest/verify/tdx_quote.h"
#include "testing/evidence_files.h"

namespace adyton::testing {

inline std::int64_t seconds_of(const std::string& text) {  // "2025-06-15" or "2025-06-15T10:00:00Z"
  std::istringstream in(text.size() == 10 ? text + "T00:00:00Z" : text);
  std::tm parts{};
  in >> std::get_time(&parts, "%Y-%m-%dT%H:%M:%SZ");
  return timegm(&parts);
}

class IntelEvidence : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = evidence_folder().value_or("");
    if (folder_.empty()) GTEST_SKIP() << "no folder of real evidence (ADYTON_EVIDENCE)";
    const Bytes text = read_evidence(folder_ / "INDEX.json");
    index_ = nlohmann::json::parse(as_text(text), nullptr, false);
    ASSERT_TRUE(index_.is_array());
  }

  Bytes file(const std::string& name) const { return read_evidence(folder_ / name); }

  // All certificates and lists of Intel that are there: whatever `now`, one of the lists is the right one.
  Collateral certificates_and_lists() const {
    Collateral out;
    for (const nlohmann::json& entry : index_) {
      const std::string path = entry["path"];
      const bool wanted = path.starts_with("intel-collateral/certs/") || path.starts_with("intel-collateral/crl/");
      if (!wanted || entry["neg"].get<bool>()) continue;
      EXPECT_TRUE(out.add(path, file(path))) << path;
    }
    return out;
  }

  std::vector<const nlohmann::json*> entries(std::string_view prefix) const {
    std::vector<const nlohmann::json*> out;
    for (const nlohmann::json& entry : index_) {
      if (entry["path"].get<std::string>().starts_with(prefix)) out.push_back(&entry);
    }
    return out;
  }

  std::filesystem::path folder_;
  nlohmann::json index_;
};

inline Findings verify_quote(BytesView quote, const VerifyContext& context) {
  if (looks_like_tdx_quote(quote)) {
    const auto parsed = parse_tdx_quote(quote);
    EXPECT_TRUE(parsed) << parsed.error().message;
    return parsed ? verify_tdx_quote(*parsed, context) : Findings{};
  }
  const auto parsed = parse_sgx_quote(quote);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? verify_sgx_quote(*parsed, context) : Findings{};
}

}  // namespace adyton::testing
