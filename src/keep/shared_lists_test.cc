// SPDX-License-Identifier: Apache-2.0
// Lists of folders and locks, as a host may answer for them.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "keep/shared_files.h"
#include "keep/testing/shared_files_fixture.h"

namespace adyton::keep {
namespace {

// As Linux gives them, one after the other.
std::string entry(const std::string& name, std::uint64_t offset, unsigned char type = 8, std::size_t length = 0) {
  if (length == 0) length = (19 + name.size() + 1 + 7) / 8 * 8;
  std::string out(19, 0);
  std::memcpy(&out[8], &offset, 8);
  std::memcpy(&out[16], &length, 2);
  out[18] = static_cast<char>(type);
  out += name;
  const std::size_t all = (out.size() + 8) / 8 * 8;
  out.resize(all, 0);
  return out;
}

TEST_F(SharedFilesTest, ListsAreWholeEntriesWithNames) {
  ASSERT_TRUE(add_shared_entries(*kernel_));
  const auto list = [this](const std::string& said, std::uint64_t& offset) {
    let(KeepRequest::kFolderList, [&](const auto&) {
      std::memcpy(page_->data, said.data(), said.size());
      return RawAnswer{said.size()};
    });
    std::memset(at<char>(user_), 'u', 8192);
    return list_shared(1, offset, user_, 4096);
  };
  std::uint64_t offset = 0;
  const std::string good =
      entry(".", 3, 4) + entry("a file", 77) + entry("strange", 78, 6) + entry(std::string(255, 'n'), 99);
  EXPECT_EQ(list(good, offset), static_cast<std::int64_t>(good.size()));
  EXPECT_EQ(offset, 99u);
  EXPECT_EQ(at<unsigned char>(user_)[entry(".", 3).size() + entry("a file", 77).size() + 18], 0);  // DT_UNKNOWN
  EXPECT_EQ(at<char>(user_)[good.size()], 'u');
  const std::vector<std::string> bad = {entry("", 1),
                                        entry("a/b", 1),
                                        entry("/", 1),
                                        entry(std::string(256, 'n'), 1),
                                        entry("name", std::uint64_t{1} << 63),
                                        entry("name", 1, 8, 16),
                                        entry("name", 1, 8, 20),
                                        entry("name", 1, 8, 4096),
                                        entry("name", 1, 8, 65528),
                                        entry("ok", 1) + entry("name", 1, 8, 48),
                                        std::string(24, 'x'),
                                        std::string(16, 0)};
  for (std::size_t index = 0; index < bad.size(); ++index) {
    offset = 5;
    EXPECT_EQ(list(bad[index], offset), -EIO) << index;
    EXPECT_EQ(offset, 5u);
    EXPECT_EQ(at<char>(user_)[0], 0) << index;
    EXPECT_EQ(at<char>(user_)[bad[index].size()], 'u') << index;
  }
  for (std::size_t cut = 1; cut < good.size(); ++cut) {  // every truncation: fewer entries, or an error
    const std::int64_t result = list(good.substr(0, cut), offset);
    EXPECT_TRUE(result == -EIO || static_cast<std::size_t>(result) == cut) << cut;
  }
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string flipped = good;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    const std::int64_t result = list(flipped, offset);
    EXPECT_TRUE(result == -EIO || static_cast<std::size_t>(result) == good.size()) << bit;
  }
}

TEST_F(SharedFilesTest, LocksAreTheHostsWordWithinReason) {
  ASSERT_TRUE(add_shared_entries(*kernel_));
  const std::int64_t opened = open("/data/folder/x");
  struct Lock {
    std::int16_t type, whence;
    std::int32_t padding;
    std::int64_t start, bytes;
    std::int32_t process, after;
  };
  constexpr std::uint64_t kGet = 5, kSet = 6;
  auto* const lock = at<Lock>(user_);
  const auto call = [&](std::uint64_t command, Lock asked) {
    *lock = asked;
    Frame frame{};
    frame.rdi = static_cast<std::uint64_t>(opened);
    frame.rsi = command;
    frame.rdx = user_;
    return call_fcntl(*kernel_, frame);
  };
  file(opened)->offset = 100;
  Lock seen{};
  let(KeepRequest::kFileLock, [&](const auto&) {
    std::memcpy(&seen, page_->data, sizeof(seen));
    return RawAnswer{};
  });
  EXPECT_EQ(call(kSet, {1, 1, 0, -20, 5, 9, 9}), 0);
  EXPECT_EQ(seen.start, 80);
  EXPECT_EQ(seen.whence, 0);
  EXPECT_EQ(call(kSet, {7, 0, 0, 0, 0, 0, 0}), -EINVAL);
  EXPECT_EQ(call(kSet, {1, 3, 0, 0, 0, 0, 0}), -EINVAL);
  EXPECT_EQ(call(kSet, {1, 1, 0, std::numeric_limits<std::int64_t>::max(), 0, 0, 0}), -EOVERFLOW);
  Lock said{};
  let(KeepRequest::kFileLock, [&](const auto&) {
    std::memcpy(page_->data, &said, sizeof(said));
    return RawAnswer{};
  });
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  said = {1, 0, 0, 10, 20, 1234, 0};
  EXPECT_EQ(call(kGet, {1, 0, 0, 0, 0, 0, 0}), 0);
  EXPECT_EQ(lock->start, 10);
  EXPECT_EQ(lock->process, 1);
  for (const Lock& bad : {Lock{9, 0, 0, 0, 0, 0, 0}, Lock{1, 0, 0, -1, 0, 0, 0}, Lock{1, 0, 0, 0, -1, 0, 0},
                          Lock{1, 0, 0, most, most, 0, 0}}) {
    said = bad;
    EXPECT_EQ(call(kGet, {1, 0, 0, 0, 0, 0, 0}), -EIO);
  }
}

}  // namespace
}  // namespace adyton::keep
