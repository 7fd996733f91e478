// SPDX-License-Identifier: Apache-2.0
// Answers that are none to what only some programs ask for: sockets, files, poll, alarms, interruptions, processors,
// the trace. The program wary_requests.cc ends with 0 if nothing that docs/keep.md promises was broken.
#include <gtest/gtest.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "hostile_host.h"
#include "programs/wary.h"

namespace adyton {
namespace {

std::uint64_t number(auto value) { return static_cast<std::uint64_t>(value); }

Image make_image(bool debug) {
  Manifest manifest{.debug = debug};
  manifest.memory.heap_bytes = 4 << 20;
  manifest.network = {.connect = {kWaryPort}, .listen = {kWaryPort}};
  manifest.files.read = {"/wary"};
  manifest.sgx.file_sha256 = {std::string(64, 'a') + " " + kWaryFile};
  return signed_image("wary_requests", std::move(manifest));
}
const Image& image() {
  static const Image kImage = make_image(false);
  return kImage;
}

// Wrong for some request: edges of what is asked for, of sizes of addresses, of errors, of words, of the enclave.
std::vector<std::uint64_t> nasty_values(const HostileHost& host, std::uint64_t asked_for) {
  const std::uint64_t base = host.base(), one = 1;
  std::vector<std::uint64_t> out{0,
                                 1,
                                 2,
                                 3,
                                 7,
                                 15,
                                 16,
                                 17,
                                 27,
                                 28,
                                 29,
                                 127,
                                 128,
                                 129,
                                 1000,
                                 65407,
                                 65408,
                                 65409,
                                 65536,
                                 65537,
                                 one << 31,
                                 one << 32,
                                 one << 62,
                                 one << 63,
                                 base,
                                 base + host.size(),
                                 asked_for - 1,
                                 asked_for + 1,
                                 std::bit_cast<std::uint64_t>(&host.page(0))};
  for (const int error : {EINTR, EAGAIN, EFAULT, EINPROGRESS, 133, 134, 4095, 4096}) {
    out.push_back(number(-std::int64_t{error}));
  }
  return out;
}

// Runs the program with every nasty value as every part of the answers to `request`; others are answered with `others`,
// or honestly. How often each is asked does not matter, but that it is.
void expect_kept(const std::string& mode, KeepRequest request, const HostileHost::Answer& others = {}) {
  const std::size_t values = nasty_values(HostileHost({}, {}, image()), 0).size();
  HostileHost host({mode, std::to_string(values * 4)}, {}, image());
  std::size_t next = 0;
  const auto answer = [&](const SgxRegisters& asked) {
    if (KeepRequest{asked.rsi} != request) return others ? others(asked) : host.honest(asked);
    const auto these = nasty_values(host, asked.r8);
    const std::uint64_t value = these[next / 4 % these.size()], other = these[(next + 5) % these.size()];
    std::memset(host.page(0).data,
                static_cast<int>(next % 3 == 0   ? 0xff
                                 : next % 3 == 1 ? 2
                                                 : next),
                HostPage::kDataBytes);
    switch (next++ % 4) {
      case 0: return HostileHost::answer(value, 16);
      case 1: return HostileHost::answer(value, value, value, value);
      case 2: return HostileHost::answer(0, value, other, value);
      default: return HostileHost::answer(16, value, other, other);
    }
  };
  const SgxRegisters left = host.serve(host.run(host.start()), answer);
  EXPECT_EQ(left.rdi, number(KeepExit::kExited)) << left.rsi;
  EXPECT_EQ(left.rsi, 0u) << host.errors();
  EXPECT_GT(next, values) << "it was hardly asked";
}

struct SocketCase {
  const char* name;
  KeepRequest request;
};
class HostileSocketAnswers : public testing::TestWithParam<SocketCase> {};

TEST_P(HostileSocketAnswers, KeepEveryPromise) { expect_kept("sockets", GetParam().request); }
INSTANTIATE_TEST_SUITE_P(
    To, HostileSocketAnswers,
    testing::Values(SocketCase{"kSocket", KeepRequest::kSocket}, SocketCase{"kCloseSocket", KeepRequest::kCloseSocket},
                    SocketCase{"kBind", KeepRequest::kBind}, SocketCase{"kListen", KeepRequest::kListen},
                    SocketCase{"kConnect", KeepRequest::kConnect}, SocketCase{"kAccept", KeepRequest::kAccept},
                    SocketCase{"kSend", KeepRequest::kSend}, SocketCase{"kReceive", KeepRequest::kReceive},
                    SocketCase{"kSocketName", KeepRequest::kSocketName},
                    SocketCase{"kShutdown", KeepRequest::kShutdown}, SocketCase{"kGetOption", KeepRequest::kGetOption},
                    SocketCase{"kSetOption", KeepRequest::kSetOption}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(HostileRequests, ToFiles) { expect_kept("files", KeepRequest::kReadFile); }
TEST(HostileRequests, ToPolls) { expect_kept("polls", KeepRequest::kPoll); }
TEST(HostileRequests, ToAlarms) { expect_kept("alarms", KeepRequest::kAlarm); }
// CPUID tells of no RDPID, so that the host is asked.
TEST(HostileRequests, ToQuestionsOfTheProcessor) { expect_kept("processors", KeepRequest::kProcessor); }
TEST(HostileRequests, ToQuestionsOfAffinity) { expect_kept("processors", KeepRequest::kAffinity); }

// A thread that runs inside is to be interrupted for a signal, one that waits to be woken: whatever the host makes of
// that, the signal is sent.
TEST(HostileRequests, ToInterruptions) {
  for (const bool runs : {true, false}) {
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{7}, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
      HostileHost host({"interruptions", runs ? "2" : "1"}, {}, image());
      int interrupted = 0, woken = 0;
      bool left_there = false;
      const SgxRegisters left = host.serve(host.run(host.start()), [&](const SgxRegisters& asked) {
        if (KeepRequest{asked.rsi} == KeepRequest::kStartThread) {  // and then left where it traps, or reads the clock
          auto other = host.try_enter(host.start(1), 1);
          while (other && other->function == SgxLeaf::kEexit &&
                 KeepRequest{other->registers.rsi} != KeepRequest::kClock) {
            other = host.try_enter(host.honest(other->registers), 1);
          }
          left_there = other && (other->function == SgxLeaf::kEexit) != runs;
        }
        const KeepRequest request{asked.rsi};
        if (request != KeepRequest::kInterrupt && request != KeepRequest::kWake) return host.honest(asked);
        EXPECT_EQ(asked.rdx, 1u);
        ++(request == KeepRequest::kWake ? woken : interrupted);
        return HostileHost::answer(value, value, value, value);
      });
      EXPECT_TRUE(left_there);
      EXPECT_EQ(left.rdi, number(KeepExit::kExited));
      EXPECT_EQ(left.rsi, 0u) << host.errors();
      EXPECT_EQ(interrupted, runs ? 3 : 0);
      EXPECT_EQ(woken, runs ? 0 : 3);
    }
  }
}

// Only a debug image asks, and only by the one answer that means it the host is told; what it answers then is nothing.
TEST(HostileRequests, ToTheTrace) {
  const Image debug = make_image(true);
  const auto values = nasty_values(HostileHost({}, {}, debug), 0);
  for (const std::uint64_t value : values) {
    HostileHost host({"polls"}, {}, debug);
    std::size_t asked_first = 0, told = 0;
    const SgxRegisters left = host.serve(host.run(host.start()), [&](const SgxRegisters& asked) {
      if (KeepRequest{asked.rsi} == KeepRequest::kTrace) {
        ++asked_first;
        return HostileHost::answer(value, value, value, value);
      }
      if (KeepRequest{asked.rsi} != KeepRequest::kTraceCall) return host.honest(asked);
      const std::uint64_t nothing = values[told++ % values.size()];
      std::memset(host.page(0).data, 0xff, HostPage::kDataBytes);
      return HostileHost::answer(nothing, nothing, nothing, nothing);
    });
    EXPECT_EQ(left.rdi, number(KeepExit::kExited)) << value;
    EXPECT_EQ(left.rsi, 0u) << host.errors();
    EXPECT_EQ(asked_first, 1u);
    EXPECT_EQ(told > 0, value == 1) << value;
  }
}

}  // namespace
}  // namespace adyton
