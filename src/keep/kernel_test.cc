// SPDX-License-Identifier: Apache-2.0
// The parts between the host and the system calls, each by itself.
#include "keep/kernel.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <linux/mman.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "keep/calls.h"
#include "keep/cpuid.h"
#include "keep/exception.h"
#include "keep/initial_stack.h"
#include "keep/random.h"
#include "keep/testing/fake_host.h"

namespace adyton::keep {
namespace {

class KeepTest : public testing::Test {
 protected:
  ~KeepTest() override { fake_host() = {}; }
};

TEST_F(KeepTest, ResultsOfTheHostAreRangeChecked) {
  EXPECT_EQ(checked_result(0, 10), 0);
  EXPECT_EQ(checked_result(10, 10), 10);
  EXPECT_EQ(checked_result(11, 10), -EIO);
  EXPECT_EQ(checked_result(static_cast<std::uint64_t>(-EAGAIN), 10), -EAGAIN);
  EXPECT_EQ(checked_result(static_cast<std::uint64_t>(-134), 10), -EIO);
  EXPECT_EQ(checked_result(1ull << 63, ~0ull), -EIO);
}

TEST_F(KeepTest, OnlyWhatIsWhollyOutsideIsOutside) {
  constexpr std::uint64_t kBase = 1 << 20, kSize = 1 << 16;
  EXPECT_TRUE(wholly_outside(kBase - 8, 8, kBase, kSize));
  EXPECT_TRUE(wholly_outside(kBase + kSize, 8, kBase, kSize));
  EXPECT_FALSE(wholly_outside(kBase - 8, 9, kBase, kSize));
  EXPECT_FALSE(wholly_outside(kBase + kSize - 1, 1, kBase, kSize));
  EXPECT_FALSE(wholly_outside(kBase - 8, kSize + 16, kBase, kSize));
  EXPECT_FALSE(wholly_outside(~0ull - 7, 16, kBase, kSize));
}

TEST_F(KeepTest, CopiesOfTheHostsPageAreExact) {
  const auto page = std::make_unique<HostPage>();
  const std::string text = "nineteen characters";
  for (std::size_t bytes = 0; bytes <= text.size(); ++bytes) {
    std::memset(page->data, 'x', 64);
    copy_to_host(address_of(page.get()), text.data(), bytes);
    std::string back(bytes + 1, '!');
    copy_from_host(back.data(), address_of(page.get()), bytes);
    EXPECT_EQ(back, text.substr(0, bytes) + "!");
    EXPECT_EQ(page->data[(bytes + 7) / 8 * 8], 'x');
  }
}

TEST_F(KeepTest, TimeNeverRunsBackwardsWhateverTheHostSays) {
  std::vector<RawAnswer> said{{100, 5},   {99, 999'999'999}, {100, 4}, {100, 1'000'000'000},
                              {~0ull, 0}, {1ull << 62, 0},   {101, 0}};
  std::size_t next = 0;
  fake_host().answer = [&](const auto&) { return said[next++]; };
  Clock clock;
  Time last;
  while (next < said.size()) {
    const Time now = clock.now(Clock::kMonotonic);
    EXPECT_GE(now, last);
    EXPECT_TRUE(now.valid());
    last = now;
  }
  EXPECT_EQ(last, (Time{101, 0}));
}

TEST_F(KeepTest, CpuidIsAskedOnceForEachLeaf) {
  std::uint64_t answers = 0;
  fake_host().answer = [&](const auto& request) { return RawAnswer{++answers, request.a, request.b, ~0ull}; };
  CpuidCache cpuid;
  EXPECT_EQ(cpuid.get(0x14, 1).eax, 1u);
  EXPECT_EQ(cpuid.get(0x14, 2).eax, 2u);
  EXPECT_EQ(cpuid.get(0x14, 1).eax, 1u);
  EXPECT_EQ(cpuid.get(0x14, 1).edx, 0xffffffffu);
  // Of a leaf without subleaves it is the same whatever ECX is.
  for (const std::uint32_t leaf : {0x15u, 0x16u, 0x80000000u, 0x8000001cu}) {
    const std::uint64_t before = answers;
    EXPECT_EQ(cpuid.get(leaf, 5).ebx, leaf);
    EXPECT_EQ(cpuid.get(leaf, 6).eax, cpuid.get(leaf, 7).eax);
    EXPECT_EQ(answers, before + 1) << leaf;
  }
  for (const std::uint32_t leaf : {7u, 0xbu, 0x17u, 0x24u, 0x8000001du, 0x40000000u}) {
    EXPECT_NE(cpuid.get(leaf, 2).eax, cpuid.get(leaf, 3).eax) << leaf;
  }
}

TEST_F(KeepTest, TimeStampsDoNotRunBackwards) {
  std::uint64_t next = 0;
  fake_host().answer = [&](const auto&) { return RawAnswer{next}; };
  const auto kernel = std::make_unique<Kernel>();
  ThreadState thread{};
  const auto told = [&](std::uint64_t now, Trap trap = Trap::kTimestamp) {
    next = now;
    thread.trap = trap;
    thread.frame = {};
    answer_trap(*kernel, thread);
    return thread.frame.rdx << 32 | thread.frame.rax;
  };
  EXPECT_EQ(told(0x1'2345'6789), 0x1'2345'6789u);
  EXPECT_EQ(told(5), 0x1'2345'6789u);
  EXPECT_EQ(told(0x1'2345'678a, Trap::kTimestampAndId), 0x1'2345'678au);
  EXPECT_EQ(told(0, Trap::kTimestampAndId), 0x1'2345'678au);
  EXPECT_EQ(told(~0ull), ~0ull);
  EXPECT_EQ(told(6), ~0ull);
}

// Whatever the host says later: nobody has made room for a processor that was not there.
TEST_F(KeepTest, ProcessorsStayThoseThatWereToldFirst) {
  std::uint64_t mask = 0b110100, processor = 0;
  fake_host().answer = [&](const auto& asked) {
    if (asked.request == KeepRequest::kAffinity) return RawAnswer{asked.a != 0 ? asked.a : mask};
    return RawAnswer{asked.request == KeepRequest::kProcessor ? processor : 0};
  };
  const auto kernel = std::make_unique<Kernel>();
  ThreadState thread{};
  alignas(8) std::uint32_t out[4];
  const std::uint64_t at = address_of(out);
  ASSERT_TRUE(kernel->user.add(at, at + sizeof(out), true));
  const auto processor_told = [&](std::uint64_t now) {
    processor = now;
    EXPECT_EQ(call_getcpu(*kernel, at, at + 4), 0);
    EXPECT_EQ(out[1], 0u);
    return out[0];
  };
  const auto mask_told = [&](std::uint64_t now) {
    mask = now;
    EXPECT_EQ(call_sched_getaffinity(*kernel, {.rdx = at + 8, .rsi = 8}), 8);
    return std::uint64_t{out[3]} << 32 | out[2];
  };
  EXPECT_EQ(processor_told(4), 4u);
  for (const std::uint64_t nowhere : {0ull, 1ull, 3ull, 6ull, 63ull, 64ull, 4095ull, ~0ull}) {
    EXPECT_NE(0b110100u >> processor_told(nowhere) & 1, 0u) << nowhere;
  }
  EXPECT_EQ(mask_told(0b100), 0b100u);
  EXPECT_EQ(mask_told(~0ull), 0b110100u);
  EXPECT_EQ(mask_told(0b1011), 0b110100u);
  EXPECT_EQ(mask_told(0), 0b110100u);
  EXPECT_EQ(processor_told(63), processor_told(63));
  const auto set = [&](std::uint32_t wanted) {
    out[2] = wanted;
    out[3] = 0;
    return call_sched_setaffinity(*kernel, thread, {.rdx = at + 8, .rsi = 8});
  };
  EXPECT_EQ(set(0b10100), 0);
  EXPECT_EQ(fake_host().requests.back().a, 0b10100u);
  EXPECT_EQ(set(0b1011), -EINVAL);
}

TEST_F(KeepTest, UserMemoryIsWhatIsAdded) {
  alignas(8) char memory[64] = "text";
  const std::uint64_t begin = address_of(memory);
  UserMemory user;
  ASSERT_TRUE(user.add(begin, begin + 32, false));
  ASSERT_TRUE(user.add(begin + 32, begin + 64, true));
  EXPECT_TRUE(user.readable(begin, 32));
  EXPECT_FALSE(user.readable(begin, 33));
  EXPECT_FALSE(user.readable(begin + 31, ~0ull));
  EXPECT_FALSE(user.writable(begin, 1));
  EXPECT_EQ(user.out<std::uint64_t>(begin + 32, 4), at<std::uint64_t>(begin + 32));
  EXPECT_EQ(user.out<std::uint64_t>(begin + 32, 5), nullptr);
  EXPECT_NE(user.out<std::uint64_t>(begin + 33, 1), nullptr);  // wherever the application has put them
  EXPECT_EQ(user.in<std::uint64_t>(begin, ~0ull / 8 + 2), nullptr);
  char to[8];
  EXPECT_EQ(user.copy_string(begin, to, sizeof(to)), 4);
  EXPECT_EQ(user.copy_string(begin, to, 4), -ENAMETOOLONG);
  EXPECT_EQ(user.copy_string(begin + 64, to, sizeof(to)), -EFAULT);
  std::memset(memory + 32, 'x', 32);
  EXPECT_EQ(user.copy_string(begin + 60, to, sizeof(to)), -EFAULT);
}

TEST_F(KeepTest, RandomBytesAreNotZero) {
  unsigned char bytes[37]{};
  ASSERT_TRUE(fill_random(bytes, sizeof(bytes)));
  EXPECT_GT(sizeof(bytes) - std::count(bytes, bytes + sizeof(bytes), 0), 20u);
}

TEST(KeepMallocTest, ArenasTakeAQuarterOfTheHeapAtMost) {
  constexpr std::uint64_t kMebibyte = 1 << 20;
  EXPECT_EQ(malloc_arenas(64 * kMebibyte, 0).count, 1u);
  EXPECT_EQ(malloc_arenas(64 * kMebibyte, 1).bytes, 0u);
  EXPECT_EQ(malloc_arenas(16 * kMebibyte, 5).count, 1u);  // of a manifest that never was
  for (std::uint64_t heap = kMebibyte; heap <= 65536 * kMebibyte; heap = heap * 3 / 2 / 4096 * 4096) {
    for (std::uint64_t wanted = 2; wanted <= 256 && wanted <= heap / 4 / kMebibyte; ++wanted) {
      const MallocArenas arenas = malloc_arenas(heap, wanted);
      ASSERT_EQ(arenas.count, wanted) << heap;
      ASSERT_LE(arenas.count * arenas.bytes, heap / 4);
      ASSERT_EQ(arenas.bytes & (arenas.bytes - 1), 0u);  // as it aligns to them
      ASSERT_GE(arenas.bytes, kLeastArenaBytes);
      ASSERT_LE(arenas.bytes, kMostArenaBytes);
    }
  }
  const Line line = malloc_variable(malloc_arenas(65536 * kMebibyte, 256));
  EXPECT_EQ(std::string(line.data(), line.size()),
            "GLIBC_TUNABLES=glibc.malloc.arena_max=256:glibc.malloc.hugetlb=2:glibc.malloc.mxfast=0"
            ":glibc.malloc.mmap_threshold=4194304:glibc.malloc.top_pad=4194304:glibc.malloc.trim_threshold=8388608");
}

TEST_F(KeepTest, TheInitialStackIsAsThePsabiWants) {
  alignas(16) static char memory[8192];
  const char strings[] = "prog\0a b\0LD_PRELOAD=x\0ADYTON_CHANNEL=3";
  InitialStack stack{.begin = address_of(memory),
                     .end = address_of(memory) + sizeof(memory),
                     .string_bytes = sizeof(strings),
                     .argument_count = 2,
                     .environment_count = 2,
                     .program_headers = 0x40,
                     .program_header_count = 9,
                     .entry = 0x1000,
                     .signal_frame_bytes = 1234};
  stack.strings = stack.end - sizeof(strings);
  std::memcpy(at<void>(stack.strings), strings, sizeof(strings));
  ASSERT_TRUE(check_strings(stack));
  const std::uint64_t top = build_initial_stack(stack);
  ASSERT_GT(top, stack.begin);
  EXPECT_EQ(top % 16, 0u);
  const auto* words = at<const std::uint64_t>(top);
  EXPECT_EQ(words[0], 2u);
  EXPECT_STREQ(at<const char>(words[1]), "prog");
  EXPECT_STREQ(at<const char>(words[2]), "a b");
  EXPECT_EQ(words[3], 0u);
  EXPECT_STREQ(at<const char>(words[4]), "ADYTON_CHANNEL=3");  // the other is not the host's to set
  EXPECT_STREQ(at<const char>(words[5]), "GLIBC_TUNABLES=glibc.malloc.arena_max=1");
  EXPECT_EQ(words[6], 0u);
  bool random = false, told_of_frames = false;
  const auto* entry = words + 7;
  for (; entry[0] != AT_NULL; entry += 2) {
    EXPECT_NE(entry[0], std::uint64_t{AT_SYSINFO_EHDR});
    if (entry[0] == AT_ENTRY) {
      EXPECT_EQ(entry[1], 0x1000u);
    }
    if (entry[0] == AT_PHDR) {
      EXPECT_EQ(entry[1], 0x40u);
    }
    if (entry[0] == 51) {  // AT_MINSIGSTKSZ
      EXPECT_EQ(entry[1], 1234u);
      told_of_frames = true;
    }
    random |= entry[0] == AT_RANDOM;
  }
  EXPECT_TRUE(random);
  EXPECT_TRUE(told_of_frames);
  EXPECT_LT(address_of(entry), stack.strings - 16);

  // Every other count, and every truncation.
  for (std::uint64_t count = 0; count < 6; ++count) {
    InitialStack other = stack;
    other.argument_count = count;
    EXPECT_EQ(check_strings(other), count == 2) << count;
  }
  for (std::uint64_t bytes = 0; bytes < sizeof(strings); ++bytes) {
    InitialStack other = stack;
    other.string_bytes = bytes;
    EXPECT_FALSE(check_strings(other)) << bytes;
  }
  InitialStack huge = stack;
  huge.environment_count = ~0ull;
  EXPECT_FALSE(check_strings(huge));
}

class ExceptionTest : public testing::Test {
 protected:
  ExceptionTest() {
    kernel_->base = 0;
    kernel_->config.keep_bytes = 4096;
    EXPECT_TRUE(kernel_->user.add(address_of(code_), address_of(code_) + sizeof(code_), false));
    saved_.rip = address_of(code_);
    saved_.exit_info = 0x80000306;
    saved_.flags = 0x10202;
    saved_.rax = 39;
  }
  ExceptionEnd handle(bool interrupt = false) {
    return handle_exception(*kernel_, thread_, saved_, {}, {0x111, 0x222, 0x300, 0x340}, interrupt);
  }

  unsigned char code_[4] = {0x0f, 0x05, 0x90, 0x90};
  std::unique_ptr<Kernel> kernel_ = std::make_unique<Kernel>();
  ThreadState thread_{};
  GprSgx saved_{};
};

TEST_F(ExceptionTest, AForbiddenInstructionGoesOnInTheKeepKernel) {
  EXPECT_EQ(handle().exit, KeepExit::kResume);
  EXPECT_EQ(saved_.rip, 0x111u);
  EXPECT_EQ(saved_.rcx, address_of(code_) + 2);
  EXPECT_EQ(saved_.r11, 0x202u);
  EXPECT_EQ(saved_.rax, 39u);
}

TEST_F(ExceptionTest, CpuidAndTimestampsAreKnown) {
  const struct {
    unsigned char code[3];
    Trap trap;
    std::uint64_t length;
  } known[] = {{{0x0f, 0xa2, 0}, Trap::kCpuid, 2},
               {{0x0f, 0x31, 0}, Trap::kTimestamp, 2},
               {{0x0f, 0x01, 0xf9}, Trap::kTimestampAndId, 3},
               {{0x0f, 0x01, 0xd7}, Trap::kSignal, 0},
               {{0x0f, 0x0b, 0}, Trap::kSignal, 0}};
  for (const auto& one : known) {
    std::memcpy(code_, one.code, 3);
    saved_.rip = address_of(code_);
    EXPECT_EQ(handle().exit, KeepExit::kResume);
    EXPECT_EQ(saved_.rip, 0x222u);
    EXPECT_EQ(thread_.trap, one.trap);
    EXPECT_EQ(thread_.frame.rip, address_of(code_) + one.length);
    EXPECT_EQ(thread_.frame.rax, 39u);
  }
}

TEST_F(ExceptionTest, NothingIsMadeOfAForgedOne) {
  saved_.exit_info = 0x306;  // not valid
  const GprSgx before = saved_;
  EXPECT_EQ(handle().exit, KeepExit::kRefused);
  EXPECT_EQ(std::memcmp(&before, &saved_, sizeof(saved_)), 0);
}

TEST_F(ExceptionTest, AnInterruptionLeadsToWhatIsThereOrNowhere) {
  saved_.exit_info = 0;
  const GprSgx before = saved_;
  const auto refused = [&](bool interrupt) {
    const bool out = handle(interrupt).exit == KeepExit::kRefused;
    return out && std::memcmp(&before, &saved_, sizeof(saved_)) == 0;
  };
  EXPECT_TRUE(refused(true));  // a host that says so without a reason
  thread_.pending = 1 << 9;
  EXPECT_TRUE(refused(false));  // a page fault, say: not to be taken for an interruption
  thread_.signal_mask = 1 << 9;
  EXPECT_TRUE(refused(true));
  thread_.signal_mask = 0;
  EXPECT_EQ(handle(true).exit, KeepExit::kResume);
  EXPECT_EQ(saved_.rip, 0x222u);
  EXPECT_EQ(thread_.trap, Trap::kInterrupt);
  EXPECT_EQ(thread_.frame.rip, before.rip);
  EXPECT_EQ(thread_.frame.rax, 39u);
}

TEST_F(ExceptionTest, AnInterruptionOfTheKeepKernelIsLeftAloneUnlessItsFrameIsComplete) {
  saved_.exit_info = 0;
  thread_.pending = 1;
  thread_.frame.rax = 5;
  for (const std::uint64_t rip : {0x111ull, 0x222ull, 0x2ffull, 0x340ull, 0xfffull}) {
    saved_.rip = rip;
    thread_.attention = 0;
    EXPECT_EQ(handle(true).exit, KeepExit::kRefused) << rip;
    EXPECT_EQ(saved_.rip, rip);
    EXPECT_EQ(thread_.attention, 1u);  // before it goes back, it looks
  }
  for (const std::uint64_t rip : {0x300ull, 0x33full}) {
    saved_.rip = rip;
    EXPECT_EQ(handle(true).exit, KeepExit::kResume);
    EXPECT_EQ(saved_.rip, 0x222u);
    EXPECT_EQ(thread_.frame.rax, 5u);
  }
}

// A page fault that only the host knows of: believed for a crash report of a debug image, and for nothing else.
TEST_F(ExceptionTest, TheHostsWordIsForCrashReportsOfDebugImages) {
  saved_.exit_info = 0;
  const GprSgx before = saved_;
  const auto handle_told = [&](bool interrupt = false) {
    return handle_exception(*kernel_, thread_, saved_, {}, {0x111, 0x222, 0x300, 0x340}, interrupt, 0x5000);
  };
  kernel_->actions[SIGSEGV] = {.handler = 0x1000, .flags = SA_SIGINFO};
  kernel_->config.debug = 1;
  EXPECT_EQ(handle_told().exit, KeepExit::kRefused);  // the program's own handler, which production would not run
  kernel_->actions[SIGSEGV].flags |= kCrashReport;
  kernel_->config.debug = 0;
  EXPECT_EQ(handle_told().exit, KeepExit::kRefused);
  kernel_->config.debug = 1;
  saved_.rip = 4095;  // the keep kernel's own
  EXPECT_EQ(handle_told().exit, KeepExit::kRefused);
  saved_.rip = before.rip;
  EXPECT_EQ(handle_told(true).exit, KeepExit::kRefused);  // an interruption is no page fault
  EXPECT_EQ(std::memcmp(&before, &saved_, sizeof(saved_)), 0);
  EXPECT_EQ(handle_told().exit, KeepExit::kResume);
  EXPECT_EQ(saved_.rip, 0x222u);
  EXPECT_EQ(thread_.signal, static_cast<std::uint64_t>(SIGSEGV));
  EXPECT_EQ(thread_.signal_address, 0x5000u);
  EXPECT_EQ(thread_.frame.rip, before.rip);
}

TEST_F(ExceptionTest, TheKeepKernelsOwnEndsIt) {
  saved_.rip = 4095;
  EXPECT_EQ(handle().exit, KeepExit::kFailed);
}

TEST_F(ExceptionTest, AnInstructionAtTheVeryEndIsNotReadBeyond) {
  saved_.rip = address_of(code_) + 3;
  code_[3] = 0x0f;
  EXPECT_EQ(handle().exit, KeepExit::kResume);
  EXPECT_EQ(thread_.trap, Trap::kSignal);
}

// What the C library computes of caches and threads is the same for every host.
TEST(Cpuid, SizesAreKnownWhateverTheHostSays) {
  constexpr CpuidAnswer kNothing{}, kAll{~0U, ~0U, ~0U, ~0U};
  const struct {
    std::uint32_t leaf, subleaf;
    CpuidAnswer told, known;
  } table[] = {
      {0, 0, kNothing, {0xd, 0x756e6547, 0x6c65746e, 0x49656e69}},
      {0, 0, kAll, {0x40, 0x756e6547, 0x6c65746e, 0x49656e69}},
      {0, 0, {0x10, 0x68747541, 0x444d4163, 0x69746e65}, {0x10, 0x68747541, 0x444d4163, 0x69746e65}},
      {0, 0, {0x1f, 0x756e6547, 0x6c65746e, 0x49656e69}, {0x1f, 0x756e6547, 0x6c65746e, 0x49656e69}},
      {1, 0, {1, 0x05ff'0800, 3, 4}, {1, 0x0501'0800, 3, 4}},
      {1, 7, {1, 0x0500'0800, 3, 4}, {1, 0x0501'0800, 3, 4}},
      {2, 0, kNothing, {0x00feff01, 0xf0, 0, 0}},
      {2, 9, kAll, {0x00feff01, 0xf0, 0, 0}},
      {4, 0, kNothing, {0x121, 0x01c0003f, 63, 0}},
      {4, 0, kAll, {0x121, 0x01c0003f, 63, 0}},
      {4, 1, kAll, {0x122, 0x01c0003f, 63, 0}},
      {4, 2, kAll, {0x143, 0x03c0003f, 1023, 0}},
      {4, 3, kNothing, {0x163, 0x03c0003f, 8191, 2}},
      {4, 4, kAll, {}},
      {4, ~0U, kAll, {}},
      {0xd, 0, kNothing, {0, 832, 832, 0}},
      {0xd, 0, {7, ~0U, 16385, 0}, {7, 832, 832, 0}},
      {0xd, 0, {7, 832, 2696, 0}, {7, 832, 832, 0}},
      {0xd, 1, {1, 0, 0, 0}, {1, 832, 0, 0}},
      {0xd, 2, {256, 576, 0, 0}, {256, 576, 0, 0}},
      {0xd, 2, kNothing, {256, 576, 0, 0}},
      {0xd, 2, kAll, {256, 576, 0, 0}},
      {0xd, 7, kNothing, {1024, 1664, 0, 0}},
      {0xd, 18, {1, 2, 0, 0}, {8192, 2816, 2, 0}},
      {0xd, 8, kAll, {}},
      {0xd, 63, kAll, {}},
      {0x80000000, 0, kNothing, {0x80000008, 0, 0, 0}},
      {0x80000000, 0, kAll, {0x80000040, ~0U, ~0U, ~0U}},
      {0x80000000, 0, {0x8000001f, 1, 2, 3}, {0x8000001f, 1, 2, 3}},
      {0x80000005, 0, kAll, {0, 0, 0x20080140, 0x20080140}},
      {0x80000006, 0, kNothing, {0, 0, 0x04008140, 0x00408140}},
      {0x80000008, 0, kAll, {~0U, ~0U, 0, ~0U}},
      {0x8000001d, 3, kNothing, {0x163, 0x03c0003f, 8191, 2}},
      {7, 0, kAll, kAll},
  };
  for (const auto& row : table) {
    const CpuidAnswer answer = with_known_sizes(row.leaf, row.subleaf, row.told, 7);
    EXPECT_EQ(answer.eax, row.known.eax) << std::hex << row.leaf << ", " << row.subleaf;
    EXPECT_EQ(answer.ebx, row.known.ebx) << std::hex << row.leaf << ", " << row.subleaf;
    EXPECT_EQ(answer.ecx, row.known.ecx) << std::hex << row.leaf << ", " << row.subleaf;
    EXPECT_EQ(answer.edx, row.known.edx) << std::hex << row.leaf << ", " << row.subleaf;
  }
  // As glibc reads them: the largest cache, in bytes.
  const CpuidAnswer third = with_known_sizes(4, 3, kNothing, 7);
  EXPECT_EQ(((third.ebx >> 22) + 1) * ((third.ebx & 0xfff) + 1) * (third.ecx + 1), 8U << 20);
  EXPECT_EQ((with_known_sizes(0x80000006, 0, kNothing, 7).edx & 0x3ffc0000) << 1, 8U << 20);
}

// And it is these that the application gets.
TEST_F(KeepTest, CpuidOfAHostThatSaysNothingHasCaches) {
  fake_host().answer = [](const auto&) { return RawAnswer{}; };
  CpuidCache cpuid;
  EXPECT_EQ(cpuid.get(4, 3).ecx, 8191u);
  EXPECT_EQ(cpuid.get(0, 0).eax, 0xdu);
}

TEST(Cpuid, TellsOfNothingThatWantsMissingState) {
  constexpr CpuidAnswer kAll{~0U, ~0U, ~0U, ~0U};
  const CpuidAnswer legacy = without_missing_state(1, 5, kAll, 3);
  EXPECT_EQ(legacy.ecx, ~(1U << 12 | 1U << 28 | 1U << 29));
  EXPECT_EQ(legacy.edx, ~0U);
  EXPECT_EQ(without_missing_state(1, 0, kAll, 7).ecx, ~0U);
  EXPECT_EQ(without_missing_state(7, 0, kAll, 3).ebx & (1U << 5 | 1U << 16), 0U);  // AVX2, AVX512F
  EXPECT_EQ(without_missing_state(7, 0, kAll, 7).ebx & (1U << 5 | 1U << 16), 1U << 5);
  EXPECT_EQ(without_missing_state(7, 0, kAll, 0xe7).ebx, ~0U);
  EXPECT_EQ(without_missing_state(7, 0, kAll, 0x600e7).ecx, ~(1U << 3 | 1U << 4 | 1U << 7));  // no PKU, no CET
  const CpuidAnswer state = without_missing_state(0xd, 0, kAll, 0x7);
  EXPECT_EQ(state.eax, 7U);
  EXPECT_EQ(state.edx, 0U);
  EXPECT_EQ(without_missing_state(0xd, 2, kAll, 0x7).eax, ~0U);
  EXPECT_EQ(without_missing_state(0xd, 5, kAll, 0x7).eax, 0U);
  EXPECT_EQ(without_missing_state(0xd, 70, kAll, ~0ull).eax, 0U);
  EXPECT_EQ(without_missing_state(0, 0, kAll, 3).eax, ~0U);
}

}  // namespace
}  // namespace adyton::keep
