// SPDX-License-Identifier: Apache-2.0
#include "platform/process/sealed_file.h"

#include <cerrno>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace adyton {
namespace {

TEST(SealedFile, NobodyChangesIt) {
  const Bytes bytes(100'000, std::byte{7});
  const auto file = make_sealed_file("test", bytes, 0111);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_GE(file->get(), 10);
  EXPECT_EQ(::fcntl(file->get(), F_GETFD), FD_CLOEXEC);
  struct stat info{};
  ASSERT_EQ(::fstat(file->get(), &info), 0);
  EXPECT_EQ(info.st_size, 100'000);
  EXPECT_EQ(info.st_mode & 07777, 0111u);
  EXPECT_EQ(::pwrite(file->get(), "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(file->get(), 0), -1);
  EXPECT_EQ(::ftruncate(file->get(), 200'000), -1);
  EXPECT_EQ(::fcntl(file->get(), F_ADD_SEALS, 0), -1);
  Bytes back(bytes.size());
  EXPECT_EQ(::pread(file->get(), back.data(), back.size(), 0), 100'000);
  EXPECT_EQ(back, bytes);
}

}  // namespace
}  // namespace adyton
