// SPDX-License-Identifier: Apache-2.0
#include "platform/backtrace_names.h"

#include <gtest/gtest.h>

#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <fstream>
#include <iterator>

namespace adyton {
namespace {

[[gnu::noinline, gnu::used]] void a_function_to_be_found() {}

// This very program, which is a PIE and has its symbols.
class BacktraceNamesTest : public testing::Test {
 protected:
  static FunctionNames own_names() {
    std::ifstream file("/proc/self/exe", std::ios::binary);
    const std::string elf(std::istreambuf_iterator<char>(file), {});
    return FunctionNames::read(as_bytes(std::string_view(elf))).value();
  }
  static std::string frame() {
    std::uint64_t base = 0;
    dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* out) {
          *static_cast<std::uint64_t*>(out) = info->dlpi_addr;
          return 1;
        },
        &base);
    return fmt::format("adyton:   #3 image+{:#x}", std::bit_cast<std::uint64_t>(&a_function_to_be_found) - base);
  }
  const BacktraceNames names_{own_names()};
};

TEST_F(BacktraceNamesTest, FramesGetTheirFunctionAndOtherLinesStay) {
  const std::string named = names_.line(frame());
  EXPECT_TRUE(named.starts_with(frame() + " ")) << named;
  EXPECT_TRUE(named.contains("a_function_to_be_found()+0x0")) << named;
  for (const std::string line :
       {"", "adyton:   #3 image+0x", "adyton:   #3 image+0xg", "adyton:   #3 image+0x7fffffffffff", " image+0x1000",
        "adyton:   #3 image+0x11112222333344445", "adyton:   #3 0x0"}) {
    EXPECT_EQ(names_.line(line), line);
  }
  EXPECT_EQ(names_.line(" " + frame()), " " + frame());
}

TEST_F(BacktraceNamesTest, AStreamIsTheSameInWhateverPiecesItComes) {
  const std::string text = "one\n\nadyton: said\n" + frame() + "\nadyton:   #x\nprompt> ";
  const std::string wanted = "one\n\nadyton: said\n" + names_.line(frame()) + "\nadyton:   #x\nprompt> ";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    std::string out;
    BacktraceStream stream(names_, [&](std::string_view part) { out += part; });
    for (std::size_t at = 0; at < text.size(); at += piece) stream.feed(std::string_view(text).substr(at, piece));
    EXPECT_EQ(out, wanted) << piece;  // a prompt is not held back
    stream.finish();
    EXPECT_EQ(out, wanted);
  }
}

TEST_F(BacktraceNamesTest, AnUnendedFrameIsNotLost) {
  std::string out;
  BacktraceStream stream(names_, [&](std::string_view part) { out += part; });
  stream.feed("adyton:   #1 ima");
  EXPECT_EQ(out, "");
  stream.finish();
  EXPECT_EQ(out, "adyton:   #1 ima");
}

}  // namespace
}  // namespace adyton
