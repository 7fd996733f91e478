// SPDX-License-Identifier: Apache-2.0
// Shared files over a host that answers as it likes.
#include "keep/shared_files.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "keep/calls.h"
#include "keep/testing/shared_files_fixture.h"

namespace adyton::keep {
namespace {

TEST_F(SharedFilesTest, OnlyWhatLiesInAnEntryIsAskedFor) {
  ASSERT_TRUE(add_shared_entries(*kernel_));
  let(KeepRequest::kFileOpen, [this](const auto& asked) {  // the page is the host's again after the answer
    paths_seen_ = place(asked.b);
    return RawAnswer{asked.b == 0 ? 1u : 0u};
  });
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"/data/folder/x", "0:x"},
      {"//data/./folder//a/./b", "0:a/b"},
      {"/data/folder/a/../b", "0:b"},
      {"/data/folder/a/b/../../c/.", "0:c"},
      {"/data/../data/folder/x", "0:x"},
      {"/data/folder/../folder/x", "0:x"},
      {"/single", "1:"},
      {"/data/folder/..x/...", "0:..x/..."},
  };
  for (const auto& [path, wanted] : cases) {
    paths_seen_ = "none";
    open(path);
    EXPECT_EQ(paths_seen_, wanted) << path;
  }
  const std::size_t before = fake_host().requests.size();
  for (const char* path : {"/data/other", "/data/folder2", "/data/folder/../other", "/data/folder/a/../../other",
                           "/single2", "/etc/passwd", "/data/folder/../../etc/passwd", "/single/x", "/single/../x"}) {
    EXPECT_LT(open(path), 0) << path;
  }
  EXPECT_EQ(open("/data/folder/" + std::string(256, 'x')), -ENAMETOOLONG);
  EXPECT_EQ(fake_host().requests.size(), before);
}

TEST_F(SharedFilesTest, PathsMayBeginInAFolderOrComeThroughALinkInMemory) {
  ASSERT_TRUE(add_shared_entries(*kernel_));
  let(KeepRequest::kFileOpen, [this](const auto& asked) {
    paths_seen_ = place(asked.b);
    return RawAnswer{(asked.c & kFolderFlag) != 0 ? 1u : 0u};
  });
  const std::int64_t folder = open("/data/folder/a/b", kFolderFlag);
  ASSERT_GE(folder, 0);
  EXPECT_EQ(file(folder)->kind, FileKind::kFolder);
  call_open(*kernel_, static_cast<std::uint64_t>(folder), put("../c/d"), 0, 0);
  EXPECT_EQ(paths_seen_, "0:a/c/d");
  EXPECT_EQ(call_fchdir(*kernel_, static_cast<std::uint64_t>(folder)), 0);
  const std::int64_t length = call_getcwd(*kernel_, user_, 100);
  EXPECT_EQ(std::string(at<char>(user_), static_cast<std::size_t>(length)), std::string("/data/folder/a/b", 17));
  open("x");
  EXPECT_EQ(paths_seen_, "0:a/b/x");
  open("../../../folder/y");
  EXPECT_EQ(paths_seen_, "0:y");
  EXPECT_EQ(open("../../../../tmp/z"), -ENOENT);
  EXPECT_EQ(kernel_->files.make_link(FileSystem::kRoot, "/tmp/to", "../data/folder/linked", {}), 0);
  open("/tmp/to");
  EXPECT_EQ(paths_seen_, "0:linked");
  open("/tmp/to/more");
  EXPECT_EQ(paths_seen_, "0:linked/more");
  std::memcpy(at<char>(user_), "/", 2);
  EXPECT_EQ(call_chdir(*kernel_, user_), 0);
  const std::uint64_t held = kernel_->memory.taken_bytes();
  EXPECT_EQ(call_close(*kernel_, static_cast<std::uint64_t>(folder)), 0);
  EXPECT_LT(kernel_->memory.taken_bytes(), held);
}

// What the program believes to be written at the host is not kept here and lost.
TEST_F(SharedFilesTest, AnEntryThatTheHostKnowsNothingOfIsNotMadeInMemory) {
  let(KeepRequest::kPathInfo, [](const auto&) { return error_answer(ENOENT); });
  ASSERT_TRUE(add_shared_entries(*kernel_));
  let(KeepRequest::kFileOpen, [](const auto&) { return error_answer(ENOENT); });
  EXPECT_EQ(open("/data/folder/x", kReadWrite | kCreate), -ENOENT);
  EXPECT_EQ(open("/single", kReadWrite | kCreate), -ENOENT);
}

TEST_F(SharedFilesTest, AnswersOutOfRangeAreErrors) {
  ASSERT_TRUE(add_shared_entries(*kernel_));
  const std::int64_t opened = open("/data/folder/x");
  ASSERT_GE(opened, 0);
  const std::uint64_t number = file(opened)->object;
  const std::vector<std::uint64_t> nasty = {
      11, 4096, 65536, 65537, 1u << 31, kAll, kAll - 200, kAll >> 1, std::uint64_t{1} << 63};
  std::vector<char> memory(3 * 4096, 'u');
  char* const buffer = memory.data() + 4096;
  std::uint64_t end = 77;
  for (const std::uint64_t said : nasty) {
    SCOPED_TRACE(said);
    std::memset(page_->data, 0xab, sizeof(page_->data));
    fake_host().answer = [said](const auto&) { return RawAnswer{said, said, said, said}; };
    EXPECT_TRUE(is_error(read_shared(number, 0, buffer, 10)));
    EXPECT_TRUE(is_error(write_shared(number, 0, buffer, 10, end)));
    EXPECT_TRUE(is_error(write_shared(number, FileSystem::kAppend, buffer, 10, end)));
    EXPECT_TRUE(is_error(resize_shared(number, 5)));
    EXPECT_TRUE(is_error(sync_shared(number, false)));
    EXPECT_TRUE(is_error(set_shared_times(number, Time{1, 2})));
    Node node;
    EXPECT_TRUE(is_error(describe_shared(*kernel_, number, node)));
    std::uint64_t offset = 0;
    EXPECT_TRUE(is_error(list_shared(number, offset, user_, 8)));
    EXPECT_EQ(offset, 0u);
    EXPECT_TRUE(is_error(open("/data/folder/y")));
    EXPECT_TRUE(is_error(call_mkdir(*kernel_, kHere, put("/data/folder/y"), 0755)));
    EXPECT_TRUE(is_error(call_unlink(*kernel_, kHere, put("/data/folder/y"), 0)));
    EXPECT_TRUE(is_error(call_flock(*kernel_, thread_, static_cast<std::uint64_t>(opened), 6)));
    EXPECT_EQ(memory, std::vector<char>(memory.size(), 'u'));
  }
  // Half of what was asked for is read: no more of the page than that.
  std::memset(page_->data, 0xab, sizeof(page_->data));
  fake_host().answer = [](const auto&) { return RawAnswer{3}; };
  EXPECT_EQ(read_shared(number, 0, buffer, 10), 3);
  EXPECT_EQ(std::string(buffer, 5), "\xab\xab\xabuu");
  // Which descriptor numbers the host would like is nothing to anybody: it is told.
  fake_host().answer = [this](const auto& asked) { return honest(asked); };
  const std::int64_t second = open("/data/folder/y");
  EXPECT_EQ(file(second)->object, number + 1);
}

TEST_F(SharedFilesTest, ShortAndEndlessReadsEnd) {
  ASSERT_TRUE(add_shared_entries(*kernel_));
  const std::uint64_t number = file(open("/data/folder/x"))->object, bytes = 300'000;
  std::vector<char> memory(bytes);
  std::uint64_t end = 0;
  for (const KeepRequest request : {KeepRequest::kFileRead, KeepRequest::kFileWrite}) {
    const auto move = [&] {
      fake_host().requests.clear();
      return request == KeepRequest::kFileRead ? read_shared(number, 5, memory.data(), bytes)
                                               : write_shared(number, 5, memory.data(), bytes, end);
    };
    let(request, [](const auto& asked) { return RawAnswer{asked.b}; });  // as much as there is
    EXPECT_EQ(move(), 300'000);
    ASSERT_EQ(fake_host().requests.size(), 5u);
    EXPECT_EQ(fake_host().requests[4].b, bytes - 4 * HostPage::kDataBytes);
    EXPECT_EQ(fake_host().requests[4].c, 5 + 4 * HostPage::kDataBytes);
    let(request, [](const auto&) { return RawAnswer{1}; });
    EXPECT_EQ(move(), 1);
    let(request, [](const auto&) { return RawAnswer{0}; });
    EXPECT_EQ(move(), 0);
    let(request, [](const auto& asked) { return asked.c == 5 ? RawAnswer{asked.b} : error_answer(EIO); });
    EXPECT_EQ(move(), 65536);  // and the next one is the error
  }
  let(KeepRequest::kFileWrite, [](const auto& asked) { return RawAnswer{asked.b, 1'000'000}; });
  EXPECT_EQ(write_shared(number, FileSystem::kAppend, memory.data(), 10, end), 10);
  EXPECT_EQ(end, 1'000'000u);
  for (const std::uint64_t told : {std::uint64_t{9}, std::uint64_t{0}, kAll, std::uint64_t{1} << 63}) {
    let(KeepRequest::kFileWrite, [told](const auto& asked) { return RawAnswer{asked.b, told}; });
    EXPECT_EQ(write_shared(number, FileSystem::kAppend, memory.data(), 10, end), -EIO) << told;
  }
  EXPECT_EQ(write_shared(number, (kAll >> 1) - 5, memory.data(), 10, end), -EFBIG);
}

TEST_F(SharedFilesTest, InformationIsChecked) {
  ASSERT_TRUE(add_shared_entries(*kernel_));
  const std::uint64_t number = file(open("/data/folder/x"))->object;
  struct Said {
    std::uint64_t mode, size, nanoseconds;
    std::int64_t result;
  };
  for (const Said& said : std::vector<Said>{{kFile, 10, 5, 0},
                                            {kFolder, 0, 999'999'999, 0},
                                            {kLink, 3, 0, 0},
                                            {kFile, kAll >> 1, 0, 0},
                                            {kFile, std::uint64_t{1} << 63, 0, -EIO},
                                            {kFile, kAll, 0, -EIO},
                                            {kFile, 10, 1'000'000'000, -EIO},
                                            {kFile, 10, kAll, -EIO},
                                            {kFifo, 10, 0, -EACCES},
                                            {0, 10, 0, -EACCES},
                                            {kAll, 10, 0, -EACCES}}) {
    let(KeepRequest::kFileInfo, [&](const auto&) { return info(said.mode, said.size, said.nanoseconds); });
    Node node;
    EXPECT_EQ(describe_shared(*kernel_, number, node), said.result) << said.mode << " " << said.size;
    if (said.result == 0) {
      EXPECT_EQ(node.size, said.size);
    }
  }
  let(KeepRequest::kFileInfo, [&](const auto&) { return info(kFile, kAll >> 1); });
  EXPECT_EQ(call_lseek(*kernel_, 3, 1, 2), -EINVAL);  // SEEK_END, beyond what there can be
  // What a link leads to is not asked.
  let(KeepRequest::kPathInfo, [&](const auto&) { return info(kLink); });
  EXPECT_EQ(call_access(*kernel_, kHere, put("/data/folder/l")), -ELOOP);
}

TEST_F(SharedFilesTest, WhatIsOpenedIsWhatWasAskedFor) {
  ASSERT_TRUE(add_shared_entries(*kernel_));
  let(KeepRequest::kFileOpen, [](const auto&) { return RawAnswer{1}; });
  EXPECT_EQ(open("/data/folder/x", kReadWrite), -EISDIR);  // a folder that could be written to
  let(KeepRequest::kFileOpen, [](const auto&) { return RawAnswer{0}; });
  EXPECT_EQ(open("/data/folder/x", kFolderFlag), -ENOTDIR);
  EXPECT_EQ(open("/data/folder/x/", kReadWrite | kCreate), -EISDIR);
  EXPECT_EQ(open("/single", kReadWrite | kCreate | kExclusive), -EEXIST);
  EXPECT_EQ(call_open(*kernel_, kHere, put("/data/folder"), 020000000 | kFolderFlag | kReadWrite, 0600), -EOPNOTSUPP);
  std::size_t opened = 0, closed = 0;
  for (const auto& request : fake_host().requests) {
    opened += request.request == KeepRequest::kFileOpen ? 1 : 0;
    closed += request.request == KeepRequest::kFileClose ? 1 : 0;
  }
  EXPECT_EQ(opened, 2u);
  EXPECT_EQ(closed, 2u);
  // Flags are of those that the host may be asked for, modes without set-user-id.
  const std::int64_t file_number =
      call_open(*kernel_, kHere, put("/data/folder/x"), kReadWrite | kCreate | kAppendFlag | 04000 | 02000000, 06777);
  EXPECT_GE(file_number, 0);
  EXPECT_EQ(fake_host().requests.back().c, std::uint64_t{0755} << 32 | kReadWrite | kCreate);
  for (const char* path : {"/data/folder", "/single"}) {
    EXPECT_EQ(call_unlink(*kernel_, kHere, put(path), 0), -EBUSY);
    EXPECT_EQ(call_unlink(*kernel_, kHere, put(path), 0x200), -EBUSY);
    EXPECT_EQ(call_chmod(*kernel_, kHere, put(path), 0777), -EPERM);
  }
  EXPECT_EQ(call_unlink(*kernel_, kHere, put("/data"), 0x200), -ENOTEMPTY);
}

TEST_F(SharedFilesTest, RenamesStayInTheirEntry) {
  ASSERT_TRUE(add_shared_entries(*kernel_));
  const auto rename = [this](const std::string& from, const std::string& to) {
    const std::uint64_t second = put(from) + from.size() + 1;
    std::memcpy(at<char>(second), to.c_str(), to.size() + 1);
    Frame frame{};
    frame.rdi = frame.rdx = kHere;
    frame.rsi = user_;
    frame.r10 = second;
    return call_rename(*kernel_, frame, 0);
  };
  EXPECT_EQ(rename("/data/folder/x", "/tmp/x"), -EXDEV);
  EXPECT_EQ(rename("/tmp/x", "/data/folder/x"), -EXDEV);
  EXPECT_EQ(rename("/data/folder/x", "/single"), -EXDEV);
  EXPECT_EQ(rename("/data/folder", "/data/folder/x"), -EBUSY);
  EXPECT_EQ(rename("/data/folder/x", "/data/folder/x/.."), -EBUSY);
  for (std::size_t one = 1; one < 20; ++one) {
    for (std::size_t two = 1; two < 20; ++two) {
      const std::string from(one, 'a'), to(two, 'b');
      std::memset(page_->data, 0xee, 64);
      EXPECT_EQ(rename("/data/folder/" + from, "/data/folder/" + to), 0);
      EXPECT_EQ(std::memcmp(page_->data, (from + to).data(), one + two), 0) << one << " " << two;
      EXPECT_EQ(fake_host().requests.back().a, one);
      EXPECT_EQ(fake_host().requests.back().b, two);
    }
  }
}

TEST_F(SharedFilesTest, NumbersRunOutAndComeBack) {
  ASSERT_TRUE(add_shared_entries(*kernel_));
  std::vector<std::int64_t> taken;
  for (std::uint64_t count = 0; count < SharedNumbers::kMost; ++count) taken.push_back(kernel_->shared.take(1));
  EXPECT_EQ(taken.back(), 1024);
  EXPECT_EQ(open("/data/folder/x"), -ENFILE);
  kernel_->shared.give_back(500);
  const std::int64_t opened = open("/data/folder/x");
  EXPECT_EQ(file(opened)->object, 500u);
  EXPECT_EQ(call_close(*kernel_, static_cast<std::uint64_t>(opened)), 0);
  EXPECT_EQ(kernel_->shared.take(2), 500);
  EXPECT_EQ(kernel_->shared.entry_of(500), 2u);
}

}  // namespace
}  // namespace adyton::keep
