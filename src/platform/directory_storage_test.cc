// SPDX-License-Identifier: Apache-2.0
#include "platform/directory_storage.h"

#include <cstdlib>
#include <fstream>
#include <thread>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace adyton {
namespace {

namespace fs = std::filesystem;

class DirectoryStorageTest : public ::testing::Test {
 protected:
  DirectoryStorageTest() {
    std::string name = ::testing::TempDir() + "adyton-storage-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    storage_ = DirectoryStorage::open(folder_ / "state").value();
  }
  ~DirectoryStorageTest() override {
    storage_.reset();
    fs::remove_all(folder_);
  }
  std::string text(std::string_view name, std::uint64_t offset = 0, std::uint32_t max = 1000) {
    const auto bytes = storage_->read(name, offset, max);
    return bytes ? std::string(as_text(*bytes)) : std::string(name_of(bytes.error().code));
  }
  Result<void> write(std::string_view name, std::uint64_t offset, std::string_view bytes, bool sync = false) {
    return storage_->write(name, offset, as_bytes(bytes), sync);
  }
  static std::string code_of(const auto& result) { return result ? "done" : std::string(name_of(result.error().code)); }

  fs::path folder_;
  std::shared_ptr<Storage> storage_;
};

TEST_F(DirectoryStorageTest, DoesWhatStorageSays) {
  EXPECT_EQ(code_of(storage_->size("a")), "not_found");
  EXPECT_EQ(text("a"), "not_found");
  EXPECT_EQ(code_of(write("a", 1, "x")), "not_found") << "only a write at 0 makes a file";
  EXPECT_TRUE(write("a", 0, "hello", true));
  EXPECT_TRUE(write("a", 5, " world"));
  EXPECT_TRUE(write("a", 0, "J"));
  EXPECT_EQ(code_of(write("a", 12, "hole")), "invalid");
  EXPECT_TRUE(write("a", 11, "", true));
  EXPECT_EQ(text("a"), "Jello world");
  EXPECT_EQ(text("a", 6, 3), "wor");
  EXPECT_EQ(text("a", 11), "");
  EXPECT_EQ(text("a", 1u << 30), "");
  EXPECT_EQ(storage_->size("a").value(), 11u);
  EXPECT_TRUE(storage_->truncate("a", 5));
  EXPECT_EQ(code_of(storage_->truncate("a", 6)), "invalid");
  EXPECT_EQ(text("a"), "Jello");
  EXPECT_TRUE(write("b", 0, "other"));
  EXPECT_TRUE(storage_->rename("a", "b"));
  EXPECT_EQ(text("a"), "not_found");
  EXPECT_EQ(text("b"), "Jello");
  EXPECT_TRUE(write("b", 5, "!", true));
  EXPECT_EQ(text("b"), "Jello!");
  EXPECT_EQ(code_of(storage_->rename("a", "c")), "not_found");
  EXPECT_EQ(storage_->list().value(), std::vector<std::string>{"b"});
  EXPECT_TRUE(storage_->remove("b"));
  EXPECT_EQ(code_of(storage_->remove("b")), "not_found");
  EXPECT_EQ(text("b"), "not_found");
}

TEST_F(DirectoryStorageTest, RefusesNamesThatLeadElsewhere) {
  for (const std::string& name : {std::string(), std::string("."), std::string(".."), std::string("../x"),
                                  std::string("a/b"), std::string("/etc/passwd"), std::string("A"), std::string("a b"),
                                  std::string("a\0b", 3), std::string(".hidden"), std::string(65, 'x')}) {
    EXPECT_EQ(text(name), "invalid") << name;
    EXPECT_EQ(code_of(write(name, 0, "x")), "invalid") << name;
    EXPECT_EQ(code_of(storage_->size(name)), "invalid") << name;
    EXPECT_EQ(code_of(storage_->truncate(name, 0)), "invalid") << name;
    EXPECT_EQ(code_of(storage_->remove(name)), "invalid") << name;
    EXPECT_EQ(code_of(storage_->rename(name, "good")), "invalid") << name;
    EXPECT_EQ(code_of(storage_->rename("good", name)), "invalid") << name;
  }
  EXPECT_TRUE(write(std::string(64, 'x'), 0, "x"));
}

TEST_F(DirectoryStorageTest, RefusesWhatIsNoRegularFile) {
  std::ofstream(folder_ / "outside") << "not to be touched";
  fs::create_symlink(folder_ / "outside", folder_ / "state/link");
  fs::create_directory(folder_ / "state/folder");
  ASSERT_EQ(::mkfifo((folder_ / "state/pipe").c_str(), 0600), 0);
  for (const std::string_view name : {"link", "folder", "pipe"}) {
    EXPECT_EQ(text(name), "io") << name;
    EXPECT_EQ(code_of(write(name, 0, "x")), "io") << name;
  }
  EXPECT_EQ(storage_->list()->size(), 0u);
  std::string outside;
  std::getline(std::ifstream(folder_ / "outside"), outside);
  EXPECT_EQ(outside, "not to be touched");
}

TEST_F(DirectoryStorageTest, MovesAtMostTheLimitPerCall) {
  const std::string most(kStorageCallBytes, 'x');
  EXPECT_TRUE(write("a", 0, most));
  EXPECT_EQ(text("a", 0, kStorageCallBytes).size(), kStorageCallBytes);
  EXPECT_EQ(text("a", 0, kStorageCallBytes + 1), "invalid");
  EXPECT_EQ(code_of(write("a", 0, most + "x")), "invalid");
}

TEST_F(DirectoryStorageTest, OnlyOneHostAtATime) {
  const auto second = DirectoryStorage::open(folder_ / "state");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(second.error().message.contains("another program has it open")) << second.error().message;
  storage_.reset();
  EXPECT_TRUE(DirectoryStorage::open(folder_ / "state"));
}

TEST_F(DirectoryStorageTest, TheLockOfADeadHostIsGone) {
  storage_.reset();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = DirectoryStorage::open(folder_ / "state");
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(DirectoryStorage::open(folder_ / "state"));
}

TEST_F(DirectoryStorageTest, IsPrivateAndSaysWhatItCannotOpen) {
  EXPECT_TRUE(write("a", 0, "x"));
  EXPECT_EQ(fs::status(folder_ / "state").permissions(), fs::perms(0700));
  EXPECT_EQ(fs::status(folder_ / "state/a").permissions(), fs::perms(0600));
  EXPECT_TRUE(DirectoryStorage::open(folder_ / "made/with/parents"));
  std::ofstream(folder_ / "file");
  const auto wrong = DirectoryStorage::open(folder_ / "file");
  EXPECT_TRUE(wrong.error().message.contains("Not a directory")) << wrong.error().message;
}

TEST_F(DirectoryStorageTest, MoreFilesThanDescriptors) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(write("file" + std::to_string(i), 0, std::to_string(i), i % 7 == 0));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(text("file" + std::to_string(i)), std::to_string(i));
  EXPECT_EQ(storage_->list()->size(), 100u);
  const auto descriptors = std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  EXPECT_LT(descriptors, 40);
}

TEST_F(DirectoryStorageTest, ThreadsWriteSideBySide) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::string name = "file" + std::to_string(t), other = "next" + std::to_string(t);
      for (int i = 0; i < 50; ++i) {
        ASSERT_TRUE(write(name, 0, std::to_string(i), i % 10 == 0));
        EXPECT_EQ(text(name), std::to_string(i));
        ASSERT_TRUE(storage_->rename(name, other));
        EXPECT_EQ(text(other), std::to_string(i));
        ASSERT_TRUE(storage_->remove(other));
      }
    });
  }
}

}  // namespace
}  // namespace adyton
