// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/trace_lines.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <random>
#include <string_view>

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

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
  EXPECT_EQ(describe(record(SYS_io_uring_setup, {0}, -ENOSYS)),
            "[2] io_uring_setup(NULL, NULL, NULL, NULL, NULL, NULL) = -1 ENOSYS (Function not implemented)");
  TraceRecord exit = record(SYS_exit_group, {5}, 0);
  exit.returned = 0;
  EXPECT_EQ(describe(exit), "[2] exit_group(5) = ?");
}

TEST(TraceLinesTest, ArgumentsAreInWords) {
  const auto line = [](std::uint64_t number, std::initializer_list<std::uint64_t> arguments) {
    return describe(record(number, arguments, 0)).substr(4);
  };
  EXPECT_EQ(line(SYS_socket, {AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0}),
            "socket(AF_INET6, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0) = 0");
  EXPECT_EQ(line(SYS_setsockopt, {3, SOL_SOCKET, SO_REUSEADDR, 0x1000, 4}),
            "setsockopt(3, SOL_SOCKET, 2, 0x1000, 4) = 0");
  EXPECT_EQ(line(SYS_sendmsg, {3, 0x1000, MSG_NOSIGNAL | MSG_DONTWAIT}),
            "sendmsg(3, 0x1000, MSG_DONTWAIT|MSG_NOSIGNAL) = 0");
  EXPECT_EQ(line(SYS_accept4, {3, 0, 0, SOCK_CLOEXEC}), "accept4(3, NULL, NULL, SOCK_CLOEXEC) = 0");
  EXPECT_EQ(line(SYS_shutdown, {3, SHUT_WR}), "shutdown(3, SHUT_WR) = 0");
  EXPECT_EQ(line(SYS_pipe2, {0x1000, O_CLOEXEC}), "pipe2(0x1000, O_CLOEXEC) = 0");
  EXPECT_EQ(line(SYS_eventfd2, {1, EFD_SEMAPHORE | EFD_NONBLOCK}), "eventfd2(1, EFD_NONBLOCK|EFD_SEMAPHORE) = 0");
  EXPECT_EQ(line(SYS_epoll_create1, {0}), "epoll_create1(0) = 0");
  EXPECT_EQ(line(SYS_epoll_ctl, {3, EPOLL_CTL_MOD, 4, 0x1000}), "epoll_ctl(3, EPOLL_CTL_MOD, 4, 0x1000) = 0");
  EXPECT_EQ(line(SYS_epoll_wait, {3, 0x1000, 8, ~0ull}), "epoll_wait(3, 0x1000, 8, -1) = 0");
  EXPECT_EQ(line(SYS_timerfd_create, {CLOCK_BOOTTIME, TFD_CLOEXEC}), "timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC) = 0");
  EXPECT_EQ(line(SYS_timer_settime, {0, TIMER_ABSTIME, 0x1000, 0}),
            "timer_settime(0, TIMER_ABSTIME, 0x1000, NULL) = 0");
  EXPECT_EQ(line(SYS_setitimer, {ITIMER_REAL, 0x1000, 0}), "setitimer(ITIMER_REAL, 0x1000, NULL) = 0");
  EXPECT_EQ(line(SYS_rt_sigprocmask, {SIG_SETMASK, 0x1000, 0, 8}), "rt_sigprocmask(SIG_SETMASK, 0x1000, NULL, 8) = 0");
  EXPECT_EQ(line(SYS_rt_sigaction, {SIGUSR1, 0, 0x1000, 8}), "rt_sigaction(SIGUSR1, NULL, 0x1000, 8) = 0");
  EXPECT_EQ(line(SYS_fcntl, {3, F_SETFD, FD_CLOEXEC}), "fcntl(3, F_SETFD, 0x1) = 0");
  EXPECT_EQ(line(SYS_ioctl, {1, 0x5401, 0x1000}), "ioctl(1, TCGETS, 0x1000) = 0");
  EXPECT_EQ(line(SYS_ioctl, {1, 0x5499, 0x1000}), "ioctl(1, 0x5499, 0x1000) = 0");
  EXPECT_EQ(line(SYS_access, {0x1000, 0}), "access(0x1000, F_OK) = 0");
  EXPECT_EQ(line(SYS_unlinkat, {kHere, 0x1000, AT_REMOVEDIR}), "unlinkat(AT_FDCWD, 0x1000, AT_REMOVEDIR) = 0");
  EXPECT_EQ(line(SYS_prlimit64, {0, RLIMIT_STACK, 0, 0x1000}), "prlimit64(0, RLIMIT_STACK, NULL, 0x1000) = 0");
  EXPECT_EQ(line(SYS_madvise, {0x1000, 4096, MADV_DONTNEED}), "madvise(0x1000, 4096, MADV_DONTNEED) = 0");
  EXPECT_EQ(line(SYS_arch_prctl, {0x1002, 0x1000}), "arch_prctl(ARCH_SET_FS, 0x1000) = 0");
  EXPECT_EQ(line(SYS_mprotect, {0x1000, 4096, 0}), "mprotect(0x1000, 4096, PROT_NONE) = 0");
  EXPECT_EQ(describe(with(with(record(SYS_readlink, {0x1000, 0x2000, 99}, 8), 0, "/proc/self/exe"), 1, "/enclave")),
            "[2] readlink(\"/proc/self/exe\", \"/enclave\", 99) = 8");
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
