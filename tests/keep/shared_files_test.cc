// SPDX-License-Identifier: Apache-2.0
// Files of the host that the manifest's files.write lists, as programs find them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "keep_runs.h"

namespace adyton {
namespace {

// A folder of the host with what is beside it.
class KeepSharedFilesTest : public testing::Test {
 protected:
  KeepSharedFilesTest() {
    make();
    setting_.manifest.files.write = {folder_, single_};
  }
  ~KeepSharedFilesTest() override { std::filesystem::remove_all(top_); }
  void make() const {
    std::filesystem::remove_all(top_);
    std::filesystem::create_directories(folder_);
    std::ofstream(single_) << "one line\n";
  }
  // Names and bytes of everything there.
  [[nodiscard]] std::string found() const {
    std::set<std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(top_)) {
      std::string text = entry.path().lexically_relative(top_);
      if (entry.is_symlink()) {
        text += " -> " + std::filesystem::read_symlink(entry.path()).string();
      } else if (entry.is_regular_file()) {
        std::ifstream file(entry.path());
        text += ": " + std::string(std::istreambuf_iterator<char>(file), {});
      }
      out.insert(text);
    }
    std::string all;
    for (const std::string& text : out) all += text + "\n";
    return all;
  }
  const std::filesystem::path top_ =
      std::filesystem::path(testing::TempDir()) / ("adyton-shared-" + std::to_string(getpid()));
  const std::string folder_ = top_ / "folder", single_ = top_ / "single";
  Setting setting_;
};

TEST_F(KeepSharedFilesTest, AreWhatTheyAreOnLinux) {
  const Outcome native = run_natively("shared_files_unsafe", folder_ + " " + single_);
  const std::string left = found();
  EXPECT_EQ(native.status, 0);
  make();
  const Outcome kept = run_on_keep("shared_files_unsafe", {folder_, single_}, setting_);
  EXPECT_EQ(kept.output, native.output);
  EXPECT_EQ(kept.status, 0);
  EXPECT_EQ(found(), left);
  EXPECT_NE(left.find("folder/log: new\n"), left.npos);
  EXPECT_NE(left.find("folder/sub/inner: abc\n"), left.npos);
  EXPECT_NE(left.find("single: one line\nand one line\n"), left.npos);
  // What is there stays there for the next enclave.
  const Outcome again = run_on_keep("shared_files_unsafe", {folder_, single_, "again"}, setting_);
  EXPECT_TRUE(again.output.starts_with("new\n4000 8002000 row 999 ok ok\n")) << again.output;
  EXPECT_NE(found().find("single: one line\nand one line\nand one line\n"), left.npos);
}

TEST_F(KeepSharedFilesTest, NothingElseOfTheHostIsReached) {
  std::filesystem::create_directories(top_ / "other");
  std::ofstream(top_ / "other" / "secret") << "secret";
  std::ofstream(folder_ + "/inside") << "inside";
  std::filesystem::create_symlink(top_ / "other" / "secret", folder_ + "/absolute");
  std::filesystem::create_symlink("../other/secret", folder_ + "/relative");
  std::filesystem::create_symlink("../other", folder_ + "/there");
  std::filesystem::create_symlink("inside", folder_ + "/within");
  const std::string before = found();
  const Outcome kept =
      run_on_keep("shared_files_unsafe",
                  {"refused", top_ / "other" / "secret", folder_ + "/../other/secret",
                   folder_ + "/x/../../other/secret", folder_ + "/there/secret", single_ + "/secret",
                   single_ + "/../other/secret", "/etc/passwd", folder_ + "/../../../../etc/passwd", folder_ + "2/x"},
                  setting_);
  std::string all;
  for (int index = 0; index < 9; ++index) {
    all += std::to_string(index) + " refused refused refused refused refused refused\n";
  }
  EXPECT_EQ(kept.output, all);
  EXPECT_EQ(found(), before);
  // Links are not followed, wherever to; but they are entries of the folder, which the program may rename and remove.
  EXPECT_EQ(
      run_on_keep("shared_files_unsafe",
                  {"refused", folder_ + "/absolute", folder_ + "/relative", folder_ + "/within", single_, folder_},
                  setting_)
          .output,
      "0 refused refused refused DONE refused refused\n1 refused refused refused DONE refused refused\n"
      "2 refused refused refused DONE refused refused\n3 DONE DONE DONE refused refused refused\n"
      "4 DONE refused refused refused refused refused\n");
  std::ifstream secret(top_ / "other" / "secret");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(secret), {}), "secret");
}

}  // namespace
}  // namespace adyton
