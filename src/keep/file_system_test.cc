// SPDX-License-Identifier: Apache-2.0
#include "keep/file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "keep/address_unsafe.h"
#include "keep/text.h"

namespace adyton::keep {
namespace {

class FileSystemTest : public testing::Test {
 protected:
  FileSystemTest() {
    EXPECT_TRUE(memory_->initialise(address_of(heap_.get()), address_of(heap_.get()) + kBytes));
    EXPECT_TRUE(files_.initialise(*memory_, lock_));
  }
  std::int64_t find(const std::string& path, bool follow = true) {
    return files_.find(FileSystem::kRoot, path.c_str(), follow);
  }
  std::int64_t link(const std::string& path, const std::string& target) {
    return files_.make_link(FileSystem::kRoot, path.c_str(), target.c_str(), {});
  }

  static constexpr std::size_t kBytes = 16 << 20;
  std::unique_ptr<void, decltype(&std::free)> heap_{std::aligned_alloc(4096, kBytes), &std::free};
  std::unique_ptr<PageAllocator> memory_ = std::make_unique<PageAllocator>();
  SpinLock lock_;
  FileSystem files_;
};

TEST_F(FileSystemTest, ManyNamesAreFoundAndForgotten) {
  constexpr int kFiles = 3000;
  const auto path = [](const char* folder, int number) {
    return "/" + std::string(folder) + "/" + std::to_string(number);
  };
  const auto make = [&](const std::string& name) {
    const std::int64_t node = files_.open(FileSystem::kRoot, name.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600, {});
    if (node > 0) files_.close(static_cast<std::uint32_t>(node));
    return node;
  };
  for (const char* folder : {"/a", "/b"}) ASSERT_GT(files_.make_folder(FileSystem::kRoot, folder, 0700, {}), 0);
  std::vector<std::int64_t> made;
  for (int i = 0; i < kFiles; ++i) {
    made.push_back(make(path("a", i)));
    ASSERT_GT(made.back(), 0);
    ASSERT_EQ(find(path("b", i)), -ENOENT);
    ASSERT_EQ(make(path("a", i)), -EEXIST);
  }
  for (int i = 0; i < kFiles; ++i) ASSERT_EQ(find(path("a", i)), made[i]);  // as the table grew meanwhile
  for (int i = 0; i < kFiles; i += 3) {
    ASSERT_EQ(files_.remove(FileSystem::kRoot, path("a", i).c_str(), false), 0);
    ASSERT_EQ(
        files_.rename(FileSystem::kRoot, path("a", i + 1).c_str(), FileSystem::kRoot, path("b", i).c_str(), false), 0);
  }
  for (int i = 0; i < kFiles; i += 3) {
    ASSERT_EQ(find(path("a", i)), -ENOENT);
    ASSERT_EQ(find(path("a", i + 1)), -ENOENT);
    ASSERT_EQ(find(path("a", i + 2)), made[i + 2]);
    ASSERT_EQ(find(path("b", i)), made[i + 1]);
  }

  // Each once, the last first, also when what was told last, or what comes next, is removed meanwhile.
  const auto folder = static_cast<std::uint32_t>(find("/a"));
  Node node;
  int expected = kFiles - 1;
  for (std::uint64_t before = ~0ull; files_.entry(folder, before, node) != 0; before = node.linked) {
    ASSERT_EQ(node.name, std::to_string(expected));
    expected -= 3;
    if (expected < 0 || expected % 2 == 0) continue;
    ASSERT_EQ(files_.remove(FileSystem::kRoot, path("a", expected + 3).c_str(), false), 0);
    ASSERT_EQ(files_.remove(FileSystem::kRoot, path("a", expected).c_str(), false), 0);
    expected -= 3;
  }
  EXPECT_EQ(expected, -1);
}

// Twice what it has is not to be had from half of the heap on; what is wanted is.
TEST_F(FileSystemTest, AFileGrowsBeyondHalfOfTheHeap) {
  const std::int64_t file = files_.make_nameless(0600, {});
  ASSERT_GT(file, 0);
  const std::string part(1 << 20, 'p');
  std::uint64_t size = 0;
  while (size < 14 << 20) {
    ASSERT_EQ(files_.write(static_cast<std::uint32_t>(file), size, part.data(), part.size()), 1 << 20) << size;
    size += part.size();
  }
  EXPECT_EQ(files_.write(static_cast<std::uint32_t>(file), 16 << 20, part.data(), 1), -ENOSPC);
}

TEST_F(FileSystemTest, LinksLeadAndEnd) {
  ASSERT_GT(files_.make_folder(FileSystem::kRoot, "/tmp/a", 0755, {}), 0);
  const std::int64_t a = find("/tmp/a");
  EXPECT_EQ(link("/tmp/to", "a"), 0);
  EXPECT_EQ(link("/tmp/absolute", "/tmp/./a/../a/"), 0);
  EXPECT_EQ(find("/tmp/to"), a);
  EXPECT_EQ(find("/tmp/absolute"), a);
  EXPECT_EQ(find("/tmp/absolute/../a"), a);
  EXPECT_NE(find("/tmp/to", false), a);
  EXPECT_EQ(find("/tmp/to/", false), a);  // a slash behind it wants the folder
  EXPECT_EQ(link("/tmp/to", "b"), -EEXIST);
  EXPECT_EQ(link("/tmp/empty", ""), -ENOENT);
  EXPECT_EQ(link("/tmp/nowhere", "gone"), 0);
  EXPECT_EQ(find("/tmp/nowhere"), -ENOENT);
  char target[8];
  EXPECT_EQ(files_.target_of(FileSystem::kRoot, "/tmp/to", target, sizeof(target)), 1);
  EXPECT_EQ(files_.target_of(FileSystem::kRoot, "/tmp/absolute", target, sizeof(target)), 8);
  EXPECT_EQ(files_.target_of(FileSystem::kRoot, "/tmp/a", target, sizeof(target)), -EINVAL);
  EXPECT_EQ(files_.remove(FileSystem::kRoot, "/tmp/to", false), 0);
  EXPECT_EQ(find("/tmp/a"), a);
}

TEST_F(FileSystemTest, LinksThatNeverEndOrGrowAreRefused) {
  EXPECT_EQ(link("/tmp/loop", "loop"), 0);
  EXPECT_EQ(find("/tmp/loop"), -ELOOP);
  EXPECT_EQ(link("/tmp/one", "two"), 0);
  EXPECT_EQ(link("/tmp/two", "one"), 0);
  EXPECT_EQ(find("/tmp/one/more"), -ELOOP);
  EXPECT_EQ(link("/tmp/grows", "./grows/" + std::string(200, '.') + "/" + std::string(100, 'x')), 0);
  const std::int64_t grown = find("/tmp/grows");
  EXPECT_TRUE(grown == -ELOOP || grown == -ENAMETOOLONG) << grown;
  EXPECT_EQ(link("/tmp/long", std::string(4000, 'x')), 0);
  EXPECT_EQ(find("/tmp/long/" + std::string(90, 'y')), -ENAMETOOLONG);
}

TEST_F(FileSystemTest, ANamelessFileIsGoneWhenItIsClosed) {
  const std::uint64_t before = memory_->taken_bytes();
  const auto node = static_cast<std::uint32_t>(files_.make_nameless(0600, {}));
  const std::string text(100'000, 'x');
  EXPECT_EQ(files_.write(node, FileSystem::kAppend, text.data(), text.size()), 100'000);
  EXPECT_GT(memory_->taken_bytes(), before);
  files_.close(node);
  EXPECT_EQ(memory_->taken_bytes(), before);
  Node gone;
  EXPECT_EQ(files_.describe(node, gone), -ENOENT);
}

}  // namespace
}  // namespace adyton::keep
