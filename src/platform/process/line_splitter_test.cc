// SPDX-License-Identifier: Apache-2.0
#include "platform/process/line_splitter.h"

#include <vector>

#include <gtest/gtest.h>

namespace adyton {
namespace {

std::vector<std::string> split(std::string_view text, std::size_t piece, std::size_t line_bytes) {
  std::vector<std::string> lines;
  LineSplitter splitter(line_bytes, [&lines](std::string_view line) { lines.emplace_back(line); });
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) splitter.feed(text.substr(0, piece));
  splitter.finish();
  return lines;
}

TEST(LineSplitter, LinesHoweverTheyArrive) {
  for (std::size_t piece = 1; piece < 12; ++piece) {
    EXPECT_EQ(split("one\n\ntwo\nlast", piece, 100), (std::vector<std::string>{"one", "", "two", "last"})) << piece;
    EXPECT_EQ(split("", piece, 100), std::vector<std::string>{});
    EXPECT_EQ(split("\n", piece, 100), std::vector<std::string>{""});
    EXPECT_EQ(split("one\n", piece, 100), std::vector<std::string>{"one"});
  }
}

TEST(LineSplitter, LongLinesComeInPieces) {
  EXPECT_EQ(split("abcdefgh\nx\n", 100, 3), (std::vector<std::string>{"abc", "def", "gh", "x"}));
  EXPECT_EQ(split("abcdef\nx", 100, 3), (std::vector<std::string>{"abc", "def", "x"}));
  EXPECT_EQ(split("abc", 1, 1), (std::vector<std::string>{"a", "b", "c"}));
  // A full piece whose newline arrives later has an empty line after it: what came is not held back for it.
  EXPECT_EQ(split("abc\n", 3, 3), (std::vector<std::string>{"abc", ""}));
}

TEST(Printable, LeavesTextAndStopsCommands) {
  EXPECT_EQ(printable("plain\ttext \xc3\xa9 \xf0\x9f\x94\x91"), "plain\ttext \xc3\xa9 \xf0\x9f\x94\x91");
  EXPECT_EQ(printable("\x1b[31m\a\r\x7f"), "?[31m???");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "?31m");  // U+009B, another way to write ESC [
  EXPECT_EQ(printable("a\xff\x9b"
                      "b"),
            "a??b");  // not UTF-8
  EXPECT_EQ(printable(""), "");
}

}  // namespace
}  // namespace adyton
