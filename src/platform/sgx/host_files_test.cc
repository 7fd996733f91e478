// SPDX-License-Identifier: Apache-2.0
// An enclave that asks for what it likes gets what its manifest lists.
#include "platform/sgx/host_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace adyton {
namespace {

namespace fs = std::filesystem;

std::uint64_t failure(int error) { return static_cast<std::uint64_t>(-std::int64_t{error}); }

class HostFilesTest : public testing::Test {
 protected:
  HostFilesTest() {
    fs::create_directories(top_ / "folder/sub");
    fs::create_directories(top_ / "other");
    write(top_ / "folder/file", "inside");
    write(top_ / "other/secret", "secret");
    write(top_ / "single", "single");
    write(top_ / "digested", "digested");
    fs::create_symlink(top_ / "other", top_ / "folder/out");
    fs::create_symlink("../other/secret", top_ / "folder/secret");
    fs::create_symlink("file", top_ / "folder/within");
    EXPECT_EQ(mkfifo((top_ / "folder/pipe").c_str(), 0600), 0);
  }
  ~HostFilesTest() override { fs::remove_all(top_); }

  static void write(const fs::path& path, std::string_view text) { std::ofstream(path) << text; }
  static std::string contents(const fs::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // The path into the page, and its place.
  std::uint64_t place(std::string_view path, std::uint64_t entry = 0) {
    std::memcpy(page_.data, path.data(), path.size());
    return entry << 32 | path.size();
  }
  std::uint64_t ask(KeepRequest request, std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0) {
    second_ = 0;
    return files_.request(request, a, b, c, page_.data, second_);
  }
  std::uint64_t open(std::string_view path, std::uint64_t flags = O_RDWR, std::uint64_t entry = 0,
                     std::uint64_t mode = 0600) {
    return ask(KeepRequest::kFileOpen, 9, place(path, entry), mode << 32 | flags);
  }
  [[nodiscard]] std::string text(std::size_t size) const {
    const void* data = page_.data;
    return {static_cast<const char*>(data), size};
  }

  const fs::path top_ = fs::path(testing::TempDir()) / ("adyton-host-files-" + std::to_string(getpid()));
  HostFiles files_{{.read = {top_ / "digested"}, .write = {top_ / "folder", top_ / "single", top_ / "none"}}};
  HostPage page_{};
  std::uint64_t second_ = 0;
};

TEST_F(HostFilesTest, ReadsWhatTheManifestHasTheDigestOf) {
  const auto read = [&](const std::string& path) { return ask(KeepRequest::kReadFile, place(path), 2); };
  ASSERT_EQ(read(top_ / "digested"), 6u);
  EXPECT_EQ(text(6), "gested");
  for (const std::string& path : {(top_ / "single").string(), (top_ / "folder/file").string(),
                                  (top_ / "other/../digested").string(), std::string("/etc/passwd"), std::string()}) {
    EXPECT_EQ(read(path), failure(EACCES)) << path;
  }
  EXPECT_EQ(ask(KeepRequest::kReadFile, ~std::uint64_t{0}), failure(EACCES));
}

TEST_F(HostFilesTest, OpensWhatIsListedAndNothingElse) {
  EXPECT_EQ(open("file"), 0u);
  EXPECT_EQ(open("sub", O_RDONLY), 1u);
  EXPECT_EQ(open("", O_RDONLY), 1u);
  EXPECT_EQ(open("", O_RDWR, 1), 0u);
  EXPECT_EQ(open("sub/new", O_RDWR | O_CREAT | O_EXCL), 0u);
  EXPECT_EQ(open("", O_RDWR | O_CREAT, 1), failure(EISDIR));  // is not asked for
  for (const std::string_view path : {"..", "../other/secret", "./file", "sub/../file", "/etc/passwd", "//", "sub//new",
                                      "sub/", "/", ".", "sub/.", "sub/..", "file/"}) {
    EXPECT_EQ(open(path, O_RDONLY), failure(EINVAL)) << path;
  }
  EXPECT_EQ(open(std::string_view("file\0x", 6), O_RDONLY), failure(EINVAL));
  for (const std::string_view link : {"secret", "within", "out"}) {
    EXPECT_EQ(open(link, O_RDONLY), failure(ELOOP)) << link;
    EXPECT_EQ(open(link, O_WRONLY | O_CREAT), failure(ELOOP)) << link;
  }
  EXPECT_EQ(open("out/secret", O_RDONLY), failure(ENOTDIR));
  EXPECT_EQ(open("file/x", O_RDONLY), failure(ENOTDIR));
  EXPECT_EQ(open("x", O_RDONLY, 1), failure(ENOTDIR));
  EXPECT_EQ(open("", O_RDONLY, 2), failure(ENOENT));
  for (const std::uint64_t entry : {3u, 4u, 0xffffffffu}) EXPECT_EQ(open("", O_RDONLY, entry), failure(EACCES));
  // Nobody waits for the other end of a pipe.
  EXPECT_EQ(open("pipe", O_RDONLY), failure(EACCES));
  EXPECT_EQ(open("pipe", O_WRONLY), failure(ENXIO));
  for (const std::uint64_t flag : {O_PATH, O_TMPFILE & ~O_DIRECTORY, O_NOATIME, O_DIRECT, O_ASYNC}) {
    EXPECT_EQ(open("file", O_RDONLY | flag), failure(EINVAL)) << flag;
  }
  EXPECT_EQ(open("set-user-id", O_RDWR | O_CREAT, 0, 04755), failure(EINVAL));
  EXPECT_FALSE(fs::exists(top_ / "folder/set-user-id"));
  EXPECT_EQ(ask(KeepRequest::kFileOpen, 9, ~std::uint64_t{0}, 0), failure(EACCES));
  EXPECT_EQ(ask(KeepRequest::kFileOpen, 9, 65537, 0), failure(EINVAL));  // longer than the page
}

TEST_F(HostFilesTest, ChangesWhatIsListedAndNothingElse) {
  using enum KeepRequest;
  EXPECT_EQ(ask(kMakeFolder, place("sub/made"), 0700), 0u);
  EXPECT_EQ(ask(kMakeFolder, place("sub/worse"), 07777), failure(EINVAL));
  EXPECT_EQ(ask(kRename, place("filesub/moved"), 0), failure(ENOENT));
  place("filesub/moved");
  EXPECT_EQ(ask(kRename, 4, 9), 0u);
  EXPECT_EQ(contents(top_ / "folder/sub/moved"), "inside");
  for (const std::string_view to : {"../other/x", "/tmp/x", "out/x", "", "sub/"}) {
    place("sub/moved" + std::string(to));
    EXPECT_GT(ask(kRename, 9, to.size()), failure(200)) << to;
  }
  EXPECT_EQ(ask(kRename, place("sub/moved"), ~std::uint64_t{0}), failure(EINVAL));
  EXPECT_EQ(ask(kRename, place("sub/movedx"), 1, 2), failure(EINVAL));  // RENAME_EXCHANGE
  for (const std::string_view path :
       {"../other/secret", "../single", "out/secret", "", ".", "..", "sub/../../single"}) {
    EXPECT_GT(ask(kRemove, place(path), 0), failure(200)) << path;
    EXPECT_GT(ask(kRemove, place(path), AT_REMOVEDIR), failure(200)) << path;
    EXPECT_GT(ask(kMakeFolder, place(path), 0700), failure(200)) << path;
  }
  EXPECT_EQ(ask(kRemove, place("sub/made"), AT_REMOVEDIR), 0u);
  EXPECT_EQ(ask(kRemove, place("sub/moved"), 0), 0u);
  EXPECT_EQ(ask(kRemove, place("secret"), 0), 0u);  // the link, not what it is to
  EXPECT_EQ(ask(kPathTimes, place("out"), 7, 8), 0u);
  EXPECT_EQ(contents(top_ / "other/secret"), "secret");
  EXPECT_NE(fs::last_write_time(top_ / "other").time_since_epoch().count(), 0);
  struct stat other{};
  EXPECT_EQ(stat((top_ / "other").c_str(), &other), 0);
  EXPECT_NE(other.st_mtim.tv_sec, 7);
  EXPECT_EQ(ask(kPathInfo, place("out")), 0u);
  KeepFileInfo info;
  std::memcpy(&info, page_.data, sizeof(info));
  EXPECT_TRUE(S_ISLNK(info.mode));
  EXPECT_EQ(info.seconds, 7);
}

TEST_F(HostFilesTest, ReadsAndWritesByNumber) {
  using enum KeepRequest;
  for (const KeepRequest request :
       {kFileClose, kFileRead, kFileWrite, kFileResize, kFileInfo, kFolderList, kFileLock}) {
    EXPECT_EQ(ask(request, 9, 1), failure(EBADF));
  }
  ASSERT_EQ(open("file"), 0u);
  EXPECT_EQ(ask(kFileRead, 9, ~std::uint64_t{0}, 2), 4u);
  EXPECT_EQ(text(4), "side");
  EXPECT_EQ(ask(kFileRead, 9, 4, ~std::uint64_t{0}), failure(EINVAL));
  std::memcpy(page_.data, "more", 4);
  EXPECT_EQ(ask(kFileWrite, 9, 4, kKeepAtEnd), 4u);
  EXPECT_EQ(second_, 10u);
  EXPECT_EQ(ask(kFileWrite, 9, 2, 0), 2u);
  EXPECT_EQ(contents(top_ / "folder/file"), "mosidemore");
  EXPECT_EQ(ask(kFileResize, 9, ~std::uint64_t{0}), failure(EINVAL));
  EXPECT_EQ(ask(kFileResize, 9, 3), 0u);
  EXPECT_EQ(ask(kFileSync, 9, 1), 0u);
  EXPECT_EQ(ask(kFileLock, 9, F_SETLKW), failure(EINVAL));
  EXPECT_EQ(ask(kFileLock, 9, F_SETOWN), failure(EINVAL));
  EXPECT_EQ(ask(kFolderList, 9, 4096), failure(ENOTDIR));
  EXPECT_EQ(ask(kFileClose, 9), 0u);
  EXPECT_EQ(ask(kFileClose, 9), failure(EBADF));
  EXPECT_EQ(contents(top_ / "folder/file"), "mos");
  ASSERT_EQ(open("", O_RDONLY), 1u);
  const std::uint64_t all = ask(kFolderList, 9, 65536);
  EXPECT_GT(all, 100u);
  EXPECT_EQ(ask(kFolderList, 9, 65536, 0), all);
  EXPECT_EQ(ask(static_cast<KeepRequest>(9999), 9), failure(ENOSYS));
}

}  // namespace
}  // namespace adyton
