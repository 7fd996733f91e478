// SPDX-License-Identifier: Apache-2.0
// Every entry in every state of the keep kernel's table (docs/keep.md), by a host that has anything in its registers.
#include "hostile_host.h"

#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <optional>
#include <thread>

#include "keep/bare/offsets.h"
#include "platform/sgx/host_requests.h"

namespace adyton {
namespace {

constexpr std::uint64_t kStart = 1, kAnswer = 2, kAnswerAndLook = 4;

bool answers(std::uint64_t entry) { return entry == kAnswer || entry == kAnswerAndLook; }
std::uint64_t number(auto value) { return static_cast<std::uint64_t>(value); }

struct Entry {
  std::string name;
  SgxRegisters registers;
  bool good_page = true;
};

// What a host can put into the registers of EENTER, of every kind.
std::vector<Entry> entries(const HostileHost& host, std::uint64_t thread) {
  const std::uint64_t base = host.base(), end = base + host.size(), page = sizeof(HostPage);
  const SgxRegisters good = host.start(thread);
  const auto start_at = [&](std::uint64_t address) {
    SgxRegisters out = good;
    out.rsi = address;
    return out;
  };
  const KeepThread own = host.thread_page(thread);
  const std::uint64_t all = ~std::uint64_t{0};
  std::vector<Entry> out{
      {"start", good},
      {"answer", {.rdi = kAnswer}},
      {"answer, and something to look at", {.rdi = kAnswerAndLook}},
      {"answer of nonsense", {.rdi = kAnswer, .rsi = all, .rdx = base, .r8 = end, .r9 = all / 2}},
      {"no entry", {.rdi = 0}},
      {"an interruption", {.rdi = 3}},
      {"an unknown entry", {.rdi = 5}},
      {"start, were it of 32 bits", {.rdi = kStart | 1ull << 32, .rsi = good.rsi, .rdx = good.rdx, .r8 = good.r8}},
      {"ones", {.rdi = all, .rsi = all, .rdx = all, .r8 = all, .r9 = all}},
      {"addresses inside", {.rdi = base, .rsi = base + own.stack_top, .rdx = base, .r8 = base, .r9 = base}},
  };
  const std::pair<const char*, std::uint64_t> pages[] = {
      {"the enclave's first byte", base},
      {"its last word", end - 8},
      {"its last page", end - page},
      {"over its beginning by a word", base - page + 8},
      {"over its beginning but for a word", base - 8},
      {"over its end", end - page / 2},
      {"the heap", base + host.loaded().heap_offset},
      {"the keep kernel's stack", base + own.stack_top - page},
      {"the thread's page", base + own.self_offset},
      {"the state save area", base + own.ssa_offset},
      {"the keep kernel's variables", base + host.keep_data()},
      {"round the end of all addresses", all - 7},
      {"the last page of all addresses", all - page + 1},
      {"not aligned", good.rsi + 1},
      {"not aligned to eight bytes", good.rsi + 4},
  };
  for (const auto& [name, address] : pages) out.push_back({"a page at " + std::string(name), start_at(address), false});
  return out;
}

enum class State { kIdle, kIdleAfterEnd, kWanted, kWaiting, kEnded, kCssa1Busy, kCssa1NoException, kCssa2 };

// docs/keep.md's table. Nothing: not refused.
std::optional<KeepRefusal> expected(State state, const Entry& entry, bool first_start) {
  switch (state) {
    case State::kIdle:
    case State::kIdleAfterEnd:
    case State::kWanted:
      if (answers(entry.registers.rdi)) return KeepRefusal::kNotWaiting;
      if (entry.registers.rdi != kStart) return KeepRefusal::kBadEntry;
      if (state == State::kIdleAfterEnd) return KeepRefusal::kEnded;
      if (!entry.good_page) return KeepRefusal::kBadPage;
      if (state == State::kIdle && !first_start) return KeepRefusal::kNotWanted;
      return std::nullopt;
    case State::kWaiting:
      if (answers(entry.registers.rdi)) return std::nullopt;
      return KeepRefusal::kNotWaiting;
    case State::kEnded: return KeepRefusal::kEnded;
    case State::kCssa1Busy: return KeepRefusal::kBusy;
    case State::kCssa1NoException: return KeepRefusal::kNoException;
    case State::kCssa2: return KeepRefusal::kNested;
  }
  return std::nullopt;
}

// Every entry that is refused in this state is, says why, and changes nothing.
void expect_refusals(HostileHost& host, State state, std::uint64_t thread = 0, bool first_start = false) {
  const Bytes before = host.memory();
  for (const Entry& entry : entries(host, thread)) {
    const auto why = expected(state, entry, first_start);
    if (!why) continue;
    SCOPED_TRACE(entry.name);
    host.vary_registers();
    const SgxRegisters left = host.enter(entry.registers, thread);
    EXPECT_EQ(left.rdi, number(KeepExit::kRefused));
    EXPECT_EQ(left.rsi, number(*why)) << describe(*why) << " expected, not " << describe(KeepRefusal{left.rsi});
  }
  host.expect_same(before, host.memory(), thread);
}

void expect_no_resume(HostileHost& host, std::string_view why, std::uint64_t thread = 0) {
  const auto end = host.try_resume(thread);
  ASSERT_FALSE(end);
  EXPECT_NE(end.error().message.find(why), std::string::npos) << end.error().message;
}

void expect_exit(const SgxRegisters& left, std::uint64_t status, HostileHost& host) {
  EXPECT_EQ(left.rdi, number(KeepExit::kExited)) << left.rsi;
  EXPECT_EQ(left.rsi, status) << host.errors();
}

SgxRegisters serve_honestly(HostileHost& host, const SgxRegisters& asked, std::uint64_t thread = 0) {
  return host.serve(asked, [&](const SgxRegisters& request) { return host.honest(request); }, thread);
}

SgxRegisters until(HostileHost& host, KeepRequest request) {
  SgxRegisters asked = host.run(host.start());
  while (asked.rdi == number(KeepExit::kRequest) && asked.rsi != number(request)) asked = host.run(host.honest(asked));
  EXPECT_EQ(asked.rdi, number(KeepExit::kRequest));
  return asked;
}

// The pages at which a thread must not get by while it is in a phase: the host's own page tables stop it there.
class Stopped {
 public:
  Stopped(HostileHost& host, std::uint64_t offset, std::uint64_t bytes) : host_(host), offset_(offset), bytes_(bytes) {
    host_.forbid(offset_, bytes_);
  }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;
  ~Stopped() { host_.allow(offset_, bytes_); }

 private:
  HostileHost& host_;
  const std::uint64_t offset_, bytes_;
};

void expect_page_fault(const Result<SgxEntryEnd>& end) {
  ASSERT_TRUE(end) << end.error().message;
  ASSERT_EQ(end->function, SgxLeaf::kEresume) << end->registers.rdi << " " << end->registers.rsi;
  EXPECT_EQ(end->exception_vector, 14);
}

class HostileEntries : public testing::TestWithParam<bool> {
 protected:
  [[nodiscard]] SgxEmulatorOptions options() const { return {.strict = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(Modes, HostileEntries, testing::Bool(),
                         [](const auto& mode) { return mode.param ? "strict" : "redirected"; });

TEST_P(HostileEntries, OfAnIdleThreadAreRefused) {
  HostileHost host({"nothing"}, options());
  expect_no_resume(host, "CSSA is 0");
  for (const std::uint64_t thread : {std::uint64_t{1}, std::uint64_t{kKeepTestThreads - 1}}) {
    expect_refusals(host, State::kIdle, thread);
  }
  expect_refusals(host, State::kIdle, 0, true);
  expect_exit(serve_honestly(host, host.run(host.start())), 0, host);
  expect_refusals(host, State::kEnded);
  expect_refusals(host, State::kIdleAfterEnd, 1);
  expect_no_resume(host, "CSSA is 0");
}

TEST_P(HostileEntries, OfAThreadThatStartsAreRefused) {
  HostileHost host({"nothing"}, options());
  {
    const Stopped at_variables(host, host.keep_data(), host.keep_data_bytes());
    expect_page_fault(host.try_enter(host.start()));
    expect_page_fault(host.try_resume());  // again at the same place
  }
  expect_refusals(host, State::kCssa1Busy);
  expect_refusals(host, State::kIdle, 1);
  expect_exit(serve_honestly(host, host.resume()), 0, host);
  expect_refusals(host, State::kEnded);
}

TEST_P(HostileEntries, OfAThreadThatIsWaitedForAreRefused) {
  HostileHost host({"clock", "3"}, options());
  const SgxRegisters asked = until(host, KeepRequest::kClock);
  expect_refusals(host, State::kWaiting);
  expect_no_resume(host, "CSSA is 0");
  // Interrupted while it takes the answer: it is still waiting, but not at CSSA 0.
  const KeepThread page = host.thread_page(0);
  {
    const Stopped at_stack(host, page.stack_top - 4 * 4096, 4 * 4096);
    expect_page_fault(host.try_enter(host.honest(asked)));
  }
  expect_refusals(host, State::kCssa1Busy);
  expect_exit(serve_honestly(host, host.resume()), 0, host);
}

TEST_P(HostileEntries, OfAWantedThreadAreRefusedAndItStartsOnce) {
  HostileHost host({"threads", "1"}, options());
  const SgxRegisters asked = until(host, KeepRequest::kStartThread);
  const std::uint64_t thread = asked.rdx;
  ASSERT_EQ(thread, 1u);
  expect_refusals(host, State::kWanted, thread);
  expect_refusals(host, State::kIdle, 2);
  {
    const Stopped at_variables(host, host.keep_data(), host.keep_data_bytes());
    expect_page_fault(host.try_enter(host.start(thread), thread));
  }
  expect_refusals(host, State::kCssa1Busy, thread);
  // It runs to its end, and nobody wants it any more then.
  const SgxRegisters left = serve_honestly(host, host.resume(thread), thread);
  EXPECT_EQ(left.rdi, number(KeepExit::kThreadEnded));
  expect_refusals(host, State::kIdle, thread);
  // The host says that it could not be started, and it has run: then it has.
  expect_exit(serve_honestly(host, host.run(HostileHost::answer(number(-11)))), 0, host);
  expect_refusals(host, State::kEnded);
  for (const std::uint64_t each : {1, 2}) expect_refusals(host, State::kIdleAfterEnd, each);
}

// A thread that the host says it could not start is not wanted any more.
TEST_P(HostileEntries, OfAThreadThatWasGivenUpAreRefused) {
  HostileHost host({"threads", "1"}, options());
  until(host, KeepRequest::kStartThread);
  const SgxRegisters asked = host.run(HostileHost::answer(number(-11)));
  expect_refusals(host, State::kIdle, 1);
  expect_exit(serve_honestly(host, asked), 0, host);
}

TEST_P(HostileEntries, ForgedExceptionsAreRefused) {
  HostileHost host({"touch"}, options());
  // A page fault is the host's word: the processor has told the enclave nothing.
  SgxRegisters asked = host.run(host.start());
  Result<SgxEntryEnd> end = SgxEntryEnd{};
  while (asked.rdi == number(KeepExit::kRequest)) {
    end = host.try_enter(host.honest(asked));
    while (end->function != SgxLeaf::kEexit && end->exception_vector != 14) {
      EXPECT_EQ(host.enter({}).rdi, number(KeepExit::kResume));
      end = host.try_resume();
    }
    if (end->function != SgxLeaf::kEexit) break;
    asked = end->registers;
  }
  expect_page_fault(end);
  expect_refusals(host, State::kCssa1NoException);
  expect_page_fault(host.try_resume());
  expect_refusals(host, State::kCssa1NoException);
}

TEST_P(HostileEntries, AnExceptionIsHandledOnce) {
  HostileHost host({"trap", "1"}, options());
  auto end = host.try_enter(host.start());
  while (true) {
    ASSERT_TRUE(end) << end.error().message;
    if (end->function == SgxLeaf::kEexit) {
      end = host.try_enter(host.honest(end->registers));
      continue;
    }
    break;  // the first trap
  }
  EXPECT_EQ(host.enter({}).rdi, number(KeepExit::kResume));
  // Told of the same exception once more: it would be one of the keep kernel's own.
  const SgxRegisters again = host.enter({});
  EXPECT_EQ(again.rdi, number(KeepExit::kFailed));
  EXPECT_EQ(again.rsi, number(KeepFailure::kException));
  expect_refusals(host, State::kCssa1Busy);
  expect_refusals(host, State::kIdleAfterEnd, 1);
  // ERESUME is what the host can always do: then the thread ends at its next system call.
  const SgxRegisters left = host.resume();
  EXPECT_TRUE(left.rdi == number(KeepExit::kThreadEnded) || left.rdi == number(KeepExit::kRequest) ||
              left.rdi == number(KeepExit::kFailed))
      << left.rdi;
}

TEST_P(HostileEntries, WhileAnExceptionIsLookedAtAreRefused) {
  HostileHost host({"trap", "2"}, options());
  auto end = host.try_enter(host.start());
  while (end->function == SgxLeaf::kEexit) end = host.try_enter(host.honest(end->registers));
  {
    const KeepThread page = host.thread_page(0);
    const Stopped at_stack(host, page.stack_top - KEEP_STACK_BYTES - 4096 - KEEP_EXCEPTION_STACK_BYTES,
                           KEEP_EXCEPTION_STACK_BYTES);
    expect_page_fault(host.try_enter({}));
    expect_page_fault(host.try_resume());
  }
  expect_refusals(host, State::kCssa2);
  {
    // Even the refusal is interrupted: then no frame is left, and the processor refuses.
    const Stopped at_text(host, 0, 4096);
    expect_page_fault(host.try_enter({}));
    const auto third = host.try_enter({});
    ASSERT_FALSE(third);
    EXPECT_NE(third.error().message.find("CSSA 3 has reached NSSA 3"), std::string::npos) << third.error().message;
  }
  // All the way back: the refusal, the handler, the application.
  const auto refusal = host.try_resume();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->registers.rdi, number(KeepExit::kRefused));
  EXPECT_EQ(refusal->registers.rsi, number(KeepRefusal::kNested));
  const auto handled = host.try_resume();
  ASSERT_TRUE(handled);
  EXPECT_EQ(handled->registers.rdi, number(KeepExit::kResume));
  expect_exit(serve_honestly(host, host.resume()), 0, host);
}

// The keep kernel itself, stopped wherever it looks at its own memory, in the middle of system calls.
TEST_P(HostileEntries, WhileTheKeepKernelWorksAreRefused) {
  HostileHost host({"clock", "2"}, options());
  SgxRegisters asked = until(host, KeepRequest::kClock);
  int stops = 0;
  while (asked.rdi == number(KeepExit::kRequest)) {
    auto end = Result<SgxEntryEnd>(SgxEntryEnd{});
    {
      const Stopped at_variables(host, host.keep_data(), host.keep_data_bytes());
      end = host.try_enter(host.honest(asked));
    }
    ASSERT_TRUE(end);
    if (end->function != SgxLeaf::kEexit) {
      if (end->exception_vector == 14) {
        ++stops;
        expect_refusals(host, State::kCssa1NoException);
        asked = host.resume();
      } else {
        const SgxRegisters handled = host.enter({});
        asked = handled.rdi == number(KeepExit::kResume) ? host.resume() : handled;
      }
      continue;
    }
    asked = end->registers;
  }
  EXPECT_GE(stops, 2);
  expect_exit(asked, 0, host);
}

// A second thread of the host, while the first is inside: the two meet at words of the memory that both can see.
TEST_P(HostileEntries, OfABusyThreadAreRefused) {
  HostileHost host({"spin"}, options());
  const SgxRegisters asked = until(host, KeepRequest::kHostMemory);
  const auto word = [&](std::size_t index) {
    return std::atomic_ref(*std::bit_cast<std::uint32_t*>(&host.shared_memory()[index * 4]));
  };
  HostPage& page = host.page(0);
  SgxRegisters left;
  std::thread inside([&] { left = serve_honestly(host, host.run(host.honest(asked))); });
  while (word(0).load() == 0) std::this_thread::yield();
  for (const Entry& entry : entries(host, 0)) {
    const auto end = host.loaded().enclave->enter(host.loaded().tcs_offsets[0], SgxLeaf::kEenter, entry.registers);
    ASSERT_FALSE(end) << entry.name;
    EXPECT_NE(end.error().message.find("busy"), std::string::npos) << end.error().message;
  }
  const auto resumed = host.loaded().enclave->enter(host.loaded().tcs_offsets[0], SgxLeaf::kEresume, {});
  ASSERT_FALSE(resumed);
  EXPECT_NE(resumed.error().message.find("busy"), std::string::npos) << resumed.error().message;
  // The others are as idle as ever.
  for (const Entry& entry : entries(host, 1)) {
    const auto end = host.loaded().enclave->enter(host.loaded().tcs_offsets[1], SgxLeaf::kEenter, entry.registers);
    ASSERT_TRUE(end) << entry.name;
    EXPECT_EQ(end->registers.rdi, number(KeepExit::kRefused)) << entry.name;
    EXPECT_EQ(end->registers.rsi, number(*expected(State::kIdle, entry, false))) << entry.name;
  }
  for (const std::uint8_t byte : page.data) ASSERT_NE(byte, 0x5e);  // of the secret
  word(1).store(1);
  inside.join();
  expect_exit(left, 0, host);
}

// argv and environment that are not what the host says they are end the start, and with it the enclave.
TEST_P(HostileEntries, StringsThatAreNoneEndTheStart) {
  const std::uint64_t all = ~std::uint64_t{0}, most = HostPage::kDataBytes;
  struct Strings {
    std::uint64_t bytes, arguments, environment;
  };
  for (const Strings& strings :
       {Strings{0, 0, 0}, Strings{0, 1, 0}, Strings{13, 0, 2}, Strings{13, 3, 0}, Strings{13, 2, 1}, Strings{12, 2, 0},
        Strings{most + 1, 2, 0}, Strings{most, 2, 0}, Strings{all, 2, 0}, Strings{13, all, 0}, Strings{13, 2, all},
        Strings{13, all, 3}, Strings{13, 1ull << 61, 0}, Strings{all - 4095, all, all}}) {
    HostileHost host({"nothing"}, options());
    SgxRegisters start = host.start();  // "wary" and "nothing" and their zeros: 13 bytes
    ASSERT_EQ(start.rdx, 13u);
    start.rdx = strings.bytes;
    start.r8 = strings.arguments;
    start.r9 = strings.environment;
    const SgxRegisters left = host.run(start);
    EXPECT_EQ(left.rdi, number(KeepExit::kFailed));
    EXPECT_EQ(left.rsi, number(KeepFailure::kArguments));
    expect_refusals(host, State::kEnded);
  }
}

}  // namespace
}  // namespace adyton
