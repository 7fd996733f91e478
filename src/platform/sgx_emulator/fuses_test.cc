// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_emulator/fuses.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace adyton {
namespace {

class SgxFusesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string made = (std::filesystem::temp_directory_path() / "adyton-fuses-XXXXXX").string();
    ASSERT_NE(::mkdtemp(made.data()), nullptr);
    folder = made;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  [[nodiscard]] std::filesystem::path file() const { return folder / "sgx-emulated-fuses"; }
  std::filesystem::path folder;
};

TEST_F(SgxFusesTest, StayTheMachines) {
  const auto first = SgxFuses::open(folder), again = SgxFuses::open(folder);
  ASSERT_TRUE(first && again);
  EXPECT_TRUE(first->device.equals(again->device.expose()));
  EXPECT_TRUE(first->seal.equals(again->seal.expose()));
  EXPECT_EQ(first->owner_epoch, again->owner_epoch);
  const auto mode = std::filesystem::status(file()).permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(SgxFusesTest, AreRefusedWhenOthersCouldReadThem) {
  ASSERT_TRUE(SgxFuses::open(folder));
  std::filesystem::permissions(file(), std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  EXPECT_EQ(SgxFuses::open(folder).error().code, ErrorCode::kDenied);
}

TEST_F(SgxFusesTest, DamageIsRefused) {
  ASSERT_TRUE(SgxFuses::open(folder));
  const auto size = std::filesystem::file_size(file());
  for (std::uintmax_t left = size; left-- > 0;) {
    std::filesystem::resize_file(file(), left);
    EXPECT_EQ(SgxFuses::open(folder).error().code, ErrorCode::kInvalid);
  }
}

}  // namespace
}  // namespace adyton
