// SPDX-License-Identifier: Apache-2.0
// Answers that are none, to everything the keep kernel asks for: the program looks at what it gets of them and ends
// with 0 if nothing that docs/keep.md promises was broken.
#include <gtest/gtest.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "hostile_host.h"
#include "programs/wary.h"

namespace adyton {
namespace {

std::uint64_t number(auto value) { return static_cast<std::uint64_t>(value); }

// Of every kind that is wrong for some request: edges of what is asked for, of errors, of words, of the enclave.
std::vector<std::uint64_t> nasty_values(const HostileHost& host, std::uint64_t asked_for) {
  const std::uint64_t base = host.base(), end = base + host.size(), one = 1;
  std::vector<std::uint64_t> out{0, 1, 2, 7, 8, 4095, 4096, 65535, 65536, 65537, one << 31, (one << 31) - 1};
  for (const std::uint64_t value : std::initializer_list<std::uint64_t>{
           asked_for - 1, asked_for, asked_for + 1, one << 32, (one << 32) + 1, one << 40, (one << 47) - 4096,
           one << 47, one << 62, one << 63, (one << 63) - 1, base, base - 4096, end, end - 4096,
           std::bit_cast<std::uint64_t>(&host.page(0))}) {
    out.push_back(value);
  }
  for (const int error : {EINTR, EAGAIN, EFAULT, ETIMEDOUT, ENOSYS, 132, 133, 134, 4095, 4096}) {
    out.push_back(number(-std::int64_t{error}));
  }
  return out;
}

// Runs the program with every nasty value as every part of the answers to `request`, others answered honestly.
// `tick`: how the clock goes on meanwhile, so that who waits for it comes to an end.
void expect_kept(const std::string& mode, KeepRequest request, SgxEmulatorOptions options = {}) {
  const auto values = nasty_values(HostileHost({}), 1000);
  HostileHost host({mode, std::to_string(values.size() * 5)}, std::move(options));
  std::size_t next = 0;
  const auto answer = [&](const SgxRegisters& asked) {
    if (KeepRequest{asked.rsi} != request || (request == KeepRequest::kWrite && asked.rdx == 2)) {
      return host.honest(asked);
    }
    const auto these = nasty_values(host, asked.r8);
    const std::uint64_t value = these[next / 5 % these.size()], other = these[(next + 3) % these.size()];
    std::memset(host.page(0).data, static_cast<int>(0x40 + next % 64), HostPage::kDataBytes);
    switch (next++ % 5) {
      case 0: return HostileHost::answer(value);
      case 1: return HostileHost::answer(value, value, value, value);
      case 2: return HostileHost::answer(0, value, other, value);
      case 3: return HostileHost::answer(other, value, value, value);
      default: return HostileHost::answer(value, other, other, other);
    }
  };
  const SgxRegisters left = host.serve(host.run(host.start()), answer);
  EXPECT_EQ(left.rdi, number(KeepExit::kExited)) << left.rsi;
  EXPECT_EQ(left.rsi, 0u) << host.errors();
  EXPECT_GT(next, 0u) << "it was never asked";
}

TEST(HostileAnswers, ToReads) { expect_kept("read", KeepRequest::kRead); }
TEST(HostileAnswers, ToReadsOfMoreThanAPage) { expect_kept("read-much", KeepRequest::kRead); }
TEST(HostileAnswers, ToReadsInParts) { expect_kept("readv", KeepRequest::kRead); }
TEST(HostileAnswers, ToWrites) { expect_kept("write", KeepRequest::kWrite); }
TEST(HostileAnswers, ToWritesOfMoreThanAPage) { expect_kept("write-much", KeepRequest::kWrite); }
TEST(HostileAnswers, ToClocks) { expect_kept("clock", KeepRequest::kClock); }
TEST(HostileAnswers, ToSleepers) { expect_kept("sleep", KeepRequest::kWait); }
TEST(HostileAnswers, ToThoseWhoWaitForAWord) { expect_kept("futex", KeepRequest::kWait); }
TEST(HostileAnswers, ToStartsOfThreads) { expect_kept("threads", KeepRequest::kStartThread); }
TEST(HostileAnswers, ToWaitsInTheHostsMemory) { expect_kept("host-futex", KeepRequest::kHostFutexWait); }
TEST(HostileAnswers, ToWakesInTheHostsMemory) { expect_kept("host-futex", KeepRequest::kHostFutexWake); }
TEST(HostileAnswers, ToQuestionsOfAffinity) { expect_kept("processors", KeepRequest::kAffinity); }
TEST(HostileAnswers, ToQuestionsOfTheProcessor) { expect_kept("processors", KeepRequest::kCpuid); }
TEST(HostileAnswers, ToYields) { expect_kept("processors", KeepRequest::kYield); }
TEST(HostileAnswers, ToTimeStamps) { expect_kept("time-stamp", KeepRequest::kTimestamp, {.rdtsc_faults = true}); }

TEST(HostileAnswers, AboutSharedFiles) {
  using enum KeepRequest;
  for (const KeepRequest request : {kFileOpen, kFileClose, kFileRead, kFileWrite, kFileResize, kFileSync, kFileLock,
                                    kFileFlock, kFileInfo, kFolderList, kPathInfo, kMakeFolder, kRemove, kRename}) {
    SCOPED_TRACE(number(request));
    expect_kept("shared", request);
  }
}

// Who is woken is decided inside: whatever the host says of it, the program hears that it woke one.
TEST(HostileAnswers, ToThoseWhoWakeAThread) {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{7}, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
    HostileHost host({"wake"});
    bool asleep = false, woken = false;
    const SgxRegisters left = host.serve(host.run(host.start()), [&](const SgxRegisters& asked) {
      if (KeepRequest{asked.rsi} == KeepRequest::kStartThread) {
        SgxRegisters other = host.run(host.start(1), 1);
        while (other.rdi == number(KeepExit::kRequest) && KeepRequest{other.rsi} != KeepRequest::kWait) {
          other = host.run(host.honest(other), 1);
        }
        asleep = other.rdi == number(KeepExit::kRequest);
      }
      if (KeepRequest{asked.rsi} != KeepRequest::kWake) return host.honest(asked);
      EXPECT_EQ(asked.rdx, 1u);
      woken = true;
      return HostileHost::answer(value, value, value, value);
    });
    EXPECT_TRUE(asleep && woken);
    EXPECT_EQ(left.rdi, number(KeepExit::kExited));
    EXPECT_EQ(left.rsi, 0u) << host.errors();
  }
}

// The memory that the application may map: none of it may be the enclave's.
TEST(HostileAnswers, AboutTheHostsMemory) {
  constexpr std::uint64_t kBytes = kWaryMemoryBytes;
  struct Memory {
    std::string name;
    std::uint64_t address, bytes;
  };
  std::uint64_t outside = 0;
  const auto memories = [&](const HostileHost& host) {
    const std::uint64_t base = host.base(), end = base + host.size(), all = ~std::uint64_t{0};
    outside = std::bit_cast<std::uint64_t>(host.shared_memory().data());
    return std::vector<Memory>{{"the enclave's beginning", base, kBytes},
                               {"its end", end - kBytes, kBytes},
                               {"all of it", base, host.size()},
                               {"more than it", base - kBytes, host.size() + 2 * kBytes},
                               {"over its beginning", base - 4096, kBytes},
                               {"over its beginning but for a page", base - kBytes + 4096, kBytes},
                               {"over its end", end - 4096, kBytes},
                               {"its heap", base + host.loaded().heap_offset, kBytes},
                               {"before it", base - kBytes, kBytes},
                               {"after it", end, kBytes},
                               {"not at a page", outside + 8, kBytes},
                               {"not of pages", outside, kBytes + 8},
                               {"round the end", all - 4095, kBytes},
                               {"up to the end", all - kBytes + 1, kBytes},
                               {"over the end of the lower half", (1ull << 47) - 4096, kBytes},
                               {"of the upper half", 1ull << 47, kBytes},
                               {"endless", outside, all - 4095},
                               {"half of all", 0, 1ull << 63},
                               {"none", outside, 0},
                               {"nothing at all", 0, 0},
                               {"as it should be", outside, kBytes}};
  };
  const std::size_t count = memories(HostileHost({})).size();
  for (std::size_t i = 0; i < count; ++i) {
    HostileHost host({"memory", std::to_string(kBytes)});
    const Memory memory = memories(host)[i];
    SCOPED_TRACE(memory.name);
    int asked_for = 0;
    const SgxRegisters left = host.serve(host.run(host.start()), [&](const SgxRegisters& asked) {
      if (KeepRequest{asked.rsi} != KeepRequest::kHostMemory) return host.honest(asked);
      ++asked_for;
      return HostileHost::answer(memory.address, memory.bytes, 1, 1);
    });
    EXPECT_EQ(left.rdi, number(KeepExit::kExited)) << left.rsi;
    EXPECT_EQ(left.rsi, 0u) << host.errors();
    EXPECT_EQ(asked_for, 1) << "a host that is asked again can say something else";
  }
}

// Reads that end never and bring hardly anything: the application decides when it has enough.
TEST(HostileAnswers, EndlessShortReads) {
  HostileHost host({"read", "5000"});
  std::uint64_t reads = 0;
  const SgxRegisters left = host.serve(host.run(host.start()), [&](const SgxRegisters& asked) {
    if (KeepRequest{asked.rsi} != KeepRequest::kRead) return host.honest(asked);
    ++reads;
    return HostileHost::answer(reads % 2);
  });
  EXPECT_EQ(left.rdi, number(KeepExit::kExited));
  EXPECT_EQ(left.rsi, 0u) << host.errors();
  EXPECT_EQ(reads, 5000u);
}

// A clock that stands still, runs backwards, or has no sense at all, and at last goes on.
TEST(HostileAnswers, TimeThatRunsBackwards) {
  struct Time {
    std::uint64_t seconds, nanoseconds;
  };
  const std::uint64_t all = ~std::uint64_t{0};
  for (const std::string mode : {"sleep", "futex", "clock"}) {
    HostileHost host({mode, "60"});
    const std::vector<Time> told{
        {1000, 5},           {1000, 4},       {999, 999'999'999}, {0, 0},     {1000, 1'000'000'000},
        {1000, all},         {all, 0},        {1ull << 63, 0},    {all, all}, {1000, 5},
        {1000, 999'999'999}, {1ull << 40, 0}, {1ull << 62, 5},    {1000, 6}};
    std::size_t next = 0;
    const SgxRegisters left = host.serve(host.run(host.start()), [&](const SgxRegisters& asked) {
      if (KeepRequest{asked.rsi} != KeepRequest::kClock) return host.honest(asked);
      const Time time = next < 3 * told.size() ? told[next % told.size()] : Time{2000 + next, 0};
      ++next;
      return HostileHost::answer(time.seconds, time.nanoseconds, all, all);
    });
    EXPECT_EQ(left.rdi, number(KeepExit::kExited)) << mode;
    EXPECT_EQ(left.rsi, 0u) << mode << ": " << host.errors();
    EXPECT_GT(next, 3 * told.size()) << mode;
  }
}

// The host's page changes while it is read: each byte is taken once, into the enclave.
TEST(HostileAnswers, WhatIsWrittenDoesNotChangeUnderTheProgram) {
  HostileHost host({"write", "20"});
  const SgxRegisters left = host.serve(host.run(host.start()), [&](const SgxRegisters& asked) {
    const SgxRegisters answer = host.honest(asked);
    std::memset(host.page(0).data, 0xff, HostPage::kDataBytes);
    return answer;
  });
  EXPECT_EQ(left.rdi, number(KeepExit::kExited));
  EXPECT_EQ(left.rsi, 0u) << host.errors();
}

}  // namespace
}  // namespace adyton
