// SPDX-License-Identifier: Apache-2.0
// Tests that read real evidence: skipped, in words, where there is none.
#pragma once

#include <filesystem>

#include <gtest/gtest.h>

#include "testing/evidence_files.h"

namespace adyton::testing {

class RealEvidence : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto found = evidence_folder();
    if (!found) GTEST_SKIP() << "no real evidence here: set ADYTON_EVIDENCE to its folder";
    folder_ = *found;
  }
  [[nodiscard]] Bytes file(const std::filesystem::path& path) const { return read_evidence(folder_ / path); }

  std::filesystem::path folder_;
};

}  // namespace adyton::testing
