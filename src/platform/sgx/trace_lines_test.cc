// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/trace_lines.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <string_view>

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>

namespace adyton {
namespace {

TraceRecord record(std::uint64_t number, std::initializer_list<std::uint64_t> arguments, std::int64_t result,
                   std::uint64_t requests = 0) {
  TraceRecord out{};
  out.thread = 2;
  out.number = number;
  std::ranges::copy(arguments, out.arguments);
  out.returned = 1;
  out.result = static_cast<std::uint64_t>(result);
  out.requests = requests;
  return out;
}

TraceRecord with(TraceRecord out, std::uint64_t argument, std::string_view text, std::uint64_t whole = 0) {
  TraceRecord::Bytes& bytes = out.bytes[out.count++];
  bytes.argument = argument;
  bytes.size = text.size();
  bytes.whole = whole != 0 ? whole : text.size();
  std::memcpy(bytes.content, text.data(), text.size());
  return out;
}

constexpr auto kHere = static_cast<std::uint64_t>(AT_FDCWD);

TEST(TraceLinesTest, AreLikeThoseOfStrace) {
  EXPECT_EQ(describe(with(record(SYS_openat, {kHere, 0x1000, O_RDONLY | O_CLOEXEC, 7}, -ENOENT), 1, "/tmp/x")),
            "[2] openat(AT_FDCWD, \"/tmp/x\", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)");
  EXPECT_EQ(describe(with(record(SYS_open, {0x1000, O_WRONLY | O_CREAT, 0644}, 3), 0, "a\"b")),
            "[2] open(\"a\\\"b\", O_WRONLY|O_CREAT, 0644) = 3");
  EXPECT_EQ(describe(with(record(SYS_write, {1, 0x1000, 7}, 7, 1), 1, "a line\n")),
            "[2] write(1, \"a line\\n\", 7) = 7 -> host");
  EXPECT_EQ(describe(with(record(SYS_write, {1, 0x1000, 300}, 300, 2), 1, std::string(256, 'x'), 300)),
            "[2] write(1, \"" + std::string(32, 'x') + "\"..., 300) = 300 -> host (2 times)");
  EXPECT_EQ(describe(record(SYS_write, {1, 0x1000, 7}, -EFAULT)), "[2] write(1, 0x1000, 7) = -1 EFAULT (Bad address)");
  EXPECT_EQ(describe(record(SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, ~0ull, 0},
                            0x7f0000001000)),
            "[2] mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000");
  EXPECT_EQ(describe(with(with(record(SYS_rename, {1, 2}, 0), 0, "a"), 1, "b")), "[2] rename(\"a\", \"b\") = 0");
  EXPECT_EQ(describe(record(SYS_futex, {0x1000, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0}, 0, 1)),
            "[2] futex(0x1000, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0) = 0 -> host");
  EXPECT_EQ(describe(record(SYS_lseek, {3, ~0ull, SEEK_END}, 1ll << 40)), "[2] lseek(3, -1, SEEK_END) = 1099511627776");
  EXPECT_EQ(describe(record(SYS_tgkill, {2, 2, 6}, 0)), "[2] tgkill(2, 2, SIGABRT) = 0");
  EXPECT_EQ(describe(record(SYS_epoll_create1, {0}, -ENOSYS)),
            "[2] epoll_create1(NULL, NULL, NULL, NULL, NULL, NULL) = -1 ENOSYS (Function not implemented)");
  TraceRecord exit = record(SYS_exit_group, {5}, 0);
  exit.returned = 0;
  EXPECT_EQ(describe(exit), "[2] exit_group(5) = ?");
}

TEST(TraceLinesTest, AnyRecordIsDescribedAsText) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 4000; ++round) {
    TraceRecord any{};
    std::uint64_t words[sizeof any / 8];
    for (std::uint64_t& word : words) word = random() % 4 == 0 ? random() : random() % 512;
    std::memcpy(&any, words, sizeof any);
    if (round % 2 == 0) any.number = static_cast<std::uint64_t>(round) % 512;
    for (const char c : describe(any)) ASSERT_TRUE(c >= 0x20 && c < 0x7f) << any.number;
  }
}

}  // namespace
}  // namespace adyton
