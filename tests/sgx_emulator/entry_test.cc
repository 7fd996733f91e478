// SPDX-License-Identifier: Apache-2.0
// EENTER, EEXIT, ERESUME and asynchronous exits.
#include <csignal>
#include <thread>
#include <vector>

#include <sys/time.h>
#include <unistd.h>

#include "test_enclave.h"

namespace adyton::sgx {
namespace {

INSTANTIATE_TEST_SUITE_P(Modes, SgxEmulatorRun, testing::Bool(),
                         [](const auto& mode) { return mode.param ? "strict" : "redirected"; });

TEST_P(SgxEmulatorRun, EntersAndLeavesWithRegisters) {
  const auto end = call(kEcho, 41);
  EXPECT_EQ(end.function, SgxLeaf::kEexit);
  EXPECT_EQ(end.registers.rdi, 42u);
  EXPECT_EQ(end.registers.rsi, 0u);  // CSSA
  EXPECT_EQ(end.registers.rdx, at(TestPlan::thread_page(0)));
  EXPECT_EQ(end.registers.r8, at(TestPlan::thread_page(0)));
  EXPECT_EQ(emulated().redirected_sites() > 0, !GetParam());
  // The measurement is of the bytes before.
  EXPECT_EQ(enclave->base() % TestPlan::kSize, 0u);
}

TEST_P(SgxEmulatorRun, RefusesWrongEntries) {
  const auto message = [&](std::uint64_t tcs, SgxLeaf leaf) {
    const auto end = enclave->enter(tcs, leaf, {kEcho});
    return end ? "entered" : end.error().message;
  };
  EXPECT_NE(message(0, SgxLeaf::kEenter).find("no TCS"), std::string::npos);
  EXPECT_NE(message(TestPlan::kSize, SgxLeaf::kEenter).find("no TCS"), std::string::npos);
  EXPECT_NE(message(TestPlan::tcs(0) + 8, SgxLeaf::kEenter).find("no TCS"), std::string::npos);
  EXPECT_NE(message(TestPlan::tcs(0), SgxLeaf::kEresume).find("CSSA is 0"), std::string::npos);
  EXPECT_NE(message(TestPlan::tcs(0), SgxLeaf::kEexit).find("not by leaf"), std::string::npos);
}

// What EADD takes of a TCS and EENTER does not: where its code, its segments and its frames lie.
TEST_P(SgxEmulatorRun, RefusesThreadsThatLeadNowhere) {
  struct Change {
    const char* reason;
    std::size_t offset;
    std::uint64_t value;
  };
  for (const Change& change :
       {Change{"canonical", 32, 1ull << 62}, Change{"canonical", 48, 1ull << 62}, Change{"canonical", 56, 1ull << 62},
        Change{"not within", 16, 0 - 0x1000ull}, Change{"not within", 16, 1ull << 62},
        Change{"not within", 16, TestPlan::kSize}, Change{"not within", 16, TestPlan::kSize - 0x1000 + 0x1000},
        Change{"not readable and writable", 16, TestPlan::kReadOnly},
        Change{"not readable and writable", 16, TestPlan::kGap},
        Change{"not readable and writable", 16, TestPlan::tcs(1)}}) {
    SgxPlan plan = TestPlan::make();
    store_le(plan.storage[3], change.offset, change.value);
    load(plan);
    const auto end = enclave->enter(TestPlan::tcs(0), SgxLeaf::kEenter, {kEcho});
    ASSERT_FALSE(end) << change.reason;
    EXPECT_NE(end.error().message.find(change.reason), std::string::npos) << end.error().message;
    EXPECT_EQ(call(kEcho, 1, 0, 0, 0, 1).registers.rdi, 2u);  // the others are well
  }
}

// GS does not tell the two apart, so that a redirected exit must not go by it.
TEST_P(SgxEmulatorRun, TwoThreadsMayShareAnOgsbase) {
  SgxPlan plan = TestPlan::make();
  for (const std::size_t field : {48, 56}) store_le(plan.storage[5], field, TestPlan::thread_page(0));
  load(plan);
  EXPECT_EQ(call(kEcho, 1, 0, 0, 0, 0).registers.r8, at(TestPlan::thread_page(0)));
  EXPECT_EQ(call(kEcho, 1, 0, 0, 0, 1).registers.r8, at(TestPlan::thread_page(0)));
  // The first is inside when the second comes and goes; then it leaves by itself.
  volatile std::uint32_t inside = 0;
  constexpr std::uint64_t kTurns = 30'000'000;
  SgxEntryEnd end;
  std::thread spinning(
      [&] { end = call(kSpin, std::bit_cast<std::uint64_t>(const_cast<std::uint32_t*>(&inside)), kTurns); });
  while (inside == 0) std::this_thread::yield();
  for (std::uint64_t turn = 0; turn < 100; ++turn) {
    EXPECT_EQ(call(kEcho, turn, 0, 0, 0, 2).registers.rdi, turn + 1);
    EXPECT_EQ(enclave->enter(TestPlan::tcs(1), SgxLeaf::kEenter, {kEcho, turn})->registers.rdi, turn + 1);
  }
  spinning.join();
  EXPECT_EQ(end.registers.rdi, kTurns * (kTurns + 1) / 2);
}

TEST_P(SgxEmulatorRun, AFaultIsHandledByASecondEntryAndResumed) {
  const auto fault = call(kLoad, at(TestPlan::kGap) + 0x123);
  EXPECT_EQ(fault.function, SgxLeaf::kEresume);
  EXPECT_EQ(fault.exception_vector, 14);
  EXPECT_EQ(fault.exception_address, at(TestPlan::kGap));  // without the offset in the page
  EXPECT_EQ(fault.exception_error_code & 6, 4);            // user, read

  const auto handled = call(kHandle, 99, 3);  // `mov (%rsi), %rax` has three bytes
  EXPECT_EQ(handled.function, SgxLeaf::kEexit);
  EXPECT_EQ(handled.registers.rdi, exit_info(14, 3));
  EXPECT_EQ(handled.registers.rdx, at(TestPlan::kGap) + 0x123);  // EXINFO.MADDR
  EXPECT_EQ(handled.registers.r8 & 6, 4u);
  EXPECT_NE(handled.registers.r9 & 0x400, 0u);  // DF, as it was

  const auto end = resume();
  EXPECT_EQ(end.function, SgxLeaf::kEexit);
  EXPECT_EQ(end.registers.rdi, 99u);
  EXPECT_EQ(end.registers.rsi, 0x1111222233334444u);
  EXPECT_EQ(end.registers.rdx, 0x5555666677778888u);
  EXPECT_EQ(end.registers.r8, 0x1111222233334444u);
  EXPECT_NE(end.registers.r9 & 0x400, 0u);
  EXPECT_EQ(call(kEcho, 1).registers.rsi, 0u);
}

TEST_P(SgxEmulatorRun, RefusesAnEntryWithoutAFrameLeft) {
  call(kLoad, at(TestPlan::kGap));
  EXPECT_EQ(call(kEcho).registers.rsi, 1u);
  const auto second = call(static_cast<Command>(200));  // echo, at CSSA 1
  EXPECT_EQ(second.registers.rsi, 1u);
  EXPECT_EQ(call(kHandle, 0, 0).function, SgxLeaf::kEexit);
  // ERESUME faults again at the same place; CSSA stays 1.
  EXPECT_EQ(resume().exception_vector, 14);
  EXPECT_EQ(call(kEcho).registers.rsi, 1u);
  // A fault of the handler takes the second frame, and there is no third.
  EXPECT_EQ(call(kInvalid).exception_vector, 6);
  const auto third = enclave->enter(TestPlan::tcs(0), SgxLeaf::kEenter, {kEcho});
  ASSERT_FALSE(third);
  EXPECT_NE(third.error().message.find("CSSA 2 has reached NSSA 2"), std::string::npos) << third.error().message;
}

struct Fault {
  const char* name;
  Command command;
  std::uint64_t argument;
  unsigned vector;
};

TEST_P(SgxEmulatorRun, WhatEnclavesMustNotExecuteRaisesInvalidOpcode) {
  for (const Fault& fault :
       {Fault{"ud2", kInvalid, 0, 6}, Fault{"syscall", kSystemCall, 0, 6}, Fault{"int 80h", kOldSystemCall, 0, 6},
        Fault{"int 21h", kInterrupt, 0, 6}, Fault{"in", kPort, 0, 6}, Fault{"outs", kPortString, 0, 6},
        Fault{"int3", kInt3, 0, 3}, Fault{"div", kDivide, 0, 0}, Fault{"EENTER inside", kLeaf, 2, 13},
        Fault{"no such leaf", kLeaf, 77, 13}}) {
    load(TestPlan::make());
    const auto end = call(fault.command, 0, 0, 0, fault.argument);
    EXPECT_EQ(end.function, SgxLeaf::kEresume) << fault.name;
    EXPECT_EQ(end.exception_vector, fault.vector) << fault.name;
    const auto handled = call(kHandle, 0, 0);
    EXPECT_EQ(handled.registers.rdi, exit_info(fault.vector, fault.vector == 3 ? 6 : 3)) << fault.name;
    // RIP is that of the instruction itself.
    const std::byte first = test_enclave_begin[handled.registers.rsi];
    if (fault.command == kSystemCall || fault.command == kInvalid || fault.command == kLeaf) {
      EXPECT_EQ(first, std::byte{0x0f}) << fault.name;
    } else if (fault.command == kInt3) {
      EXPECT_EQ(first, std::byte{0xcc});
    }
  }
}

TEST_P(SgxEmulatorRun, TimeStampsFaultWhereAskedFor) {
  EXPECT_EQ(call(kTimeStamp).function, SgxLeaf::kEexit);
  load(TestPlan::make(), {.rdtsc_faults = true});
  EXPECT_EQ(call(kTimeStamp).exception_vector, 6);
  EXPECT_GT(__builtin_ia32_rdtsc(), 0u);  // and not outside
}

TEST_P(SgxEmulatorRun, PagePermissionsHold) {
  const char byte = 1;
  const auto source = std::bit_cast<std::uint64_t>(&byte);
  EXPECT_EQ(get(TestPlan::kReadOnly, 1)[0], std::byte{0x5a});
  EXPECT_EQ(call(kCopy, at(TestPlan::kReadOnly), source, 1).exception_vector, 14);
  EXPECT_EQ(call(kCopy, at(0), source, 1, 0, 1).exception_vector, 14);
  EXPECT_EQ(call(kCopy, at(TestPlan::tcs(0)), source, 1, 0, 2).exception_vector, 14);
  EXPECT_EQ(call(kCopy, at(TestPlan::kData), at(TestPlan::tcs(0)), 1, 0, 3).exception_vector, 14);
  EXPECT_EQ(call(kOutside, at(TestPlan::kData), 0, 0, 0, 4).exception_vector, 14);  // not executable
}

TEST_P(SgxEmulatorRun, ABusyThreadIsNotEnteredAgainAndManyRunAtOnce) {
  constexpr std::uint64_t kTurns = 30'000'000;
  volatile std::uint32_t inside = 0;
  std::thread spinning([&] { call(kSpin, std::bit_cast<std::uint64_t>(const_cast<std::uint32_t*>(&inside)), kTurns); });
  while (inside == 0) std::this_thread::yield();
  const auto again = enclave->enter(TestPlan::tcs(0), SgxLeaf::kEenter, {kEcho});
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message.find("busy"), std::string::npos);
  EXPECT_EQ(call(kEcho, 5, 0, 0, 0, 1).registers.rdi, 6u);
  spinning.join();

  std::vector<std::thread> all;
  for (std::uint64_t i = 0; i < TestPlan::kThreadCount; ++i) {
    all.emplace_back([&, i] {
      for (std::uint64_t turn = 0; turn < 2000; ++turn) {
        const auto end = call(kEcho, turn, 0, 0, 0, i);
        ASSERT_EQ(end.registers.rdi, turn + 1);
        ASSERT_EQ(end.registers.r8, at(TestPlan::thread_page(i)));
      }
    });
  }
  for (auto& one : all) one.join();
}

volatile std::sig_atomic_t ticks = 0;
thread_local int of_this_thread = 0;

TEST_P(SgxEmulatorRun, SignalsOfTheHostAreHandledAndResumed) {
  // As a program has them that knows nothing of enclaves: no SA_ONSTACK, and thread-local variables.
  struct sigaction old_action{};
  struct sigaction ours{};
  ours.sa_handler = [](int) {
    ticks = ticks + 1;
    of_this_thread = of_this_thread + 1;
  };
  ::sigaction(SIGALRM, &ours, &old_action);
  std::thread([&] {
    ticks = 0;
    of_this_thread = 0;
    call(kEcho);
    const itimerval every{{0, 500}, {0, 500}}, never{};
    volatile std::uint32_t inside = 0;
    ::setitimer(ITIMER_REAL, &every, nullptr);
    constexpr std::uint64_t kTurns = 10'000'000;
    for (int round = 0; round < 1000 && (round < 3 || ticks < 5); ++round) {
      const auto end = call(kSpin, std::bit_cast<std::uint64_t>(const_cast<std::uint32_t*>(&inside)), kTurns);
      EXPECT_EQ(end.function, SgxLeaf::kEexit);
      EXPECT_EQ(end.registers.rdi, kTurns * (kTurns + 1) / 2);
      EXPECT_EQ(end.registers.rsi, kTurns);  // XMM registers came back
    }
    for (int i = 0; i < 20000; ++i) ASSERT_EQ(call(kEcho, 1).registers.rdi, 2u);
    ::setitimer(ITIMER_REAL, &never, nullptr);
  }).join();
  EXPECT_GE(ticks, 5);
  ::sigaction(SIGALRM, &old_action, nullptr);
}

alignas(8) volatile std::uint32_t wild_words[2];
volatile std::uint64_t seen_flags = 0;

// Table "GPR, x87 Synthetic States on Asynchronous Enclave Exit": what a host has to live with.
TEST_P(SgxEmulatorRun, AnAsynchronousExitClearsArithmeticFlagsAndLeavesTheOthers) {
  constexpr std::uint64_t kArithmetic = 0x8d5, kDirection = 0x400, kAlignment = 0x40000;
  struct sigaction old_action{};
  struct sigaction ours{};
  ours.sa_flags = SA_SIGINFO;
  ours.sa_sigaction = [](int, siginfo_t*, void* context) {
    seen_flags = static_cast<std::uint64_t>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL]);
    wild_words[1] = 1;
  };
  ::sigaction(SIGUSR1, &ours, &old_action);
  wild_words[0] = 0;
  wild_words[1] = 0;
  seen_flags = 0;
  SgxEntryEnd end;
  std::thread inside([&] { end = call(kWildFlags, std::bit_cast<std::uint64_t>(&wild_words[0])); });
  while (wild_words[0] == 0) std::this_thread::yield();
  ::pthread_kill(inside.native_handle(), SIGUSR1);
  inside.join();
  EXPECT_EQ(seen_flags & (kArithmetic | kDirection | kAlignment), kDirection | kAlignment);
  EXPECT_EQ(end.registers.rdi & (kDirection | kAlignment), kDirection | kAlignment);  // and back inside
  EXPECT_EQ(call(kEcho, 1).registers.rdi, 2u);
  ::sigaction(SIGUSR1, &old_action, nullptr);
}

}  // namespace
}  // namespace adyton::sgx
