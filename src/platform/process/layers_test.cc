// SPDX-License-Identifier: Apache-2.0
#include "platform/process/layers.h"

#include <cerrno>
#include <set>

#include <gtest/gtest.h>

namespace adyton {
namespace {

TEST(Layers, EachHasWordsOfItsOwn) {
  std::set<std::string_view> names;
  for (int i = 0; i < static_cast<int>(supervisor::Layer::kCount); ++i) {
    const LayerState missing{static_cast<supervisor::Layer>(i), EPERM, 0};
    EXPECT_TRUE(names.insert(name_of(missing.layer)).second) << i;
    const BackendCheck check = check_of(missing);
    EXPECT_EQ(check.state, BackendCheck::State::kDegraded);
    EXPECT_FALSE(check.detail.empty());
    EXPECT_FALSE(check.remedy.empty());
    EXPECT_NE(describe_missing(missing).find("Operation not permitted"), std::string::npos);
    const BackendCheck had = check_of({missing.layer, 0, 0});
    EXPECT_EQ(had.state, BackendCheck::State::kOk);
    EXPECT_TRUE(had.remedy.empty());
  }
}

TEST(Layers, FailuresSayWhere) {
  const Error error = describe_failure(supervisor::Step::kFilter, EINVAL);
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.message, "the sandbox could not be made: installing the system call filter: Invalid argument");
}

}  // namespace
}  // namespace adyton
