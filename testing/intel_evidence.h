// SPDX-License-Identifier: Apache-2.0
// Real evidence of Intel's and its index, for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "attest/collateral/collateral.h"
#include "testing/real_evidence.h"

namespace adyton::testing {

class IntelEvidence : public RealEvidence {
 protected:
  void SetUp() override {
    RealEvidence::SetUp();
    if (IsSkipped()) return;
    const Bytes text = file("INDEX.json");
    index_ = nlohmann::json::parse(as_text(text), nullptr, false);
    ASSERT_TRUE(index_.is_array());
  }

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

  nlohmann::json index_;
};

}  // namespace adyton::testing
