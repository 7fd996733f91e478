// SPDX-License-Identifier: Apache-2.0
// Both ends of a channel in one process: calls, nesting, threads, deadlines, closing.
#include "call/endpoint.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <latch>
#include <numeric>
#include <thread>

#include <adyton/call.h>

#include "base/error.h"

namespace adyton {
namespace {

using namespace std::chrono_literals;

constexpr Call<"add", std::int64_t(std::int64_t, std::int64_t)> add;
constexpr Call<"echo", Bytes(std::span<const std::byte>)> echo;
constexpr Call<"fail", Result<void>(std::string_view)> fail;
constexpr Call<"throw", void()> throws;
constexpr Call<"depth", std::uint32_t(std::uint32_t)> depth;
constexpr Call<"block", bool()> block;
constexpr HostCall<"host.depth", std::uint32_t(std::uint32_t)> host_depth;
constexpr HostCall<"host.note", void(std::string_view)> note;

// A channel with `inside` answered by an enclave thread and `outside` by the host.
class Channel {
 public:
  explicit Channel(std::function<Handlers(Endpoint&)> inside, std::function<Handlers(Channel&)> outside = {},
                   ChannelLimits limits = {}, ChannelLayout layout = {})
      : memory_(SharedMemory::make(Endpoint::memory_bytes(layout, 4)).value()) {
    host_ =
        Endpoint::make_host(memory_.alias(), layout, as_bytes("boot"), outside ? outside(*this) : Handlers(), limits)
            .value();
    enclave_ = Endpoint::open_enclave(memory_.alias(), limits).value();
    server_ = std::jthread([this, inside] { EXPECT_TRUE(enclave_->serve(inside(*enclave_))); });
    EXPECT_TRUE(host_->wait_ready(10s));
  }
  ~Channel() {
    host_->ask_to_stop();
    server_.join();
  }
  template <AnyCallType C, class... A>
  auto call(const C& c, A&&... arguments) {
    return detail::call_through(*host_, CallOptions{}, c, std::forward<A>(arguments)...);
  }
  template <AnyCallType C, class... A>
  auto call(const CallOptions& options, const C& c, A&&... arguments) {
    return detail::call_through(*host_, options, c, std::forward<A>(arguments)...);
  }
  Endpoint& host() { return *host_; }
  Endpoint& enclave() { return *enclave_; }

 private:
  SharedMemory memory_;
  std::unique_ptr<Endpoint> host_, enclave_;
  std::jthread server_;
};

Handlers simple(Endpoint&) {
  return {add,    [](std::int64_t a, std::int64_t b) { return a + b; },
          echo,   [](std::span<const std::byte> bytes) { return to_bytes(bytes); },
          fail,   [](std::string_view why) -> Result<void> { return denied("{}", why); },
          throws, [] { throw std::runtime_error("boom"); }};
}

TEST(Endpoint, CarriesBootBytesAndCalls) {
  Channel channel(simple);
  EXPECT_EQ(as_text(channel.enclave().boot()), "boot");
  EXPECT_EQ(channel.call(add, 2, 40).value(), 42);
  EXPECT_EQ(channel.call(fail, "not today").error(), denied("not today"));
  EXPECT_EQ(channel.call(throws).error(), internal("the handler of throw threw: boom"));
}

TEST(Endpoint, PayloadsOfEverySizeComeBackWhole) {
  for (const std::uint32_t window : {4096u, 1u << 20}) {
    Channel channel(simple, {}, {}, {.lanes_to_enclave = 2, .lanes_to_host = 1, .window_bytes = window});
    for (const std::size_t size : {0u, 1u, 11u, 12u, 13u, 100u, 1023u, 1024u, 4091u, 4092u, 4093u, 70'000u, 1'048'572u,
                                   1'048'576u, 5'000'001u}) {
      Bytes bytes(size);
      for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 31 >> 3);
      auto back = channel.call(echo, bytes);
      ASSERT_TRUE(back) << back.error().message;
      EXPECT_TRUE(*back == bytes) << size << " bytes through " << window;
    }
  }
}

TEST(Endpoint, TooLargeMessagesAreRefusedOnBothSidesAndTheLaneGoesOn) {
  Channel channel(
      [](Endpoint&) {
        return Handlers(
            echo, [](std::span<const std::byte>) { return Bytes(200'000); }, add,
            [](std::int64_t a, std::int64_t b) { return a + b; });
      },
      {}, {.message_bytes = 100'000});
  EXPECT_EQ(channel.call(echo, Bytes(100'001)).error().code, ErrorCode::kExhausted);
  EXPECT_EQ(channel.call(echo, Bytes(10)).error().code, ErrorCode::kExhausted);  // the reply
  EXPECT_EQ(channel.call(add, 1, 2).value(), 3);
}

TEST(Endpoint, UnknownCallsAndOtherHeadersAreNamed) {
  Channel channel(simple);
  constexpr Call<"missing", void()> missing;
  auto none = channel.call(missing);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  EXPECT_NE(none.error().message.find("missing"), std::string::npos);
  constexpr Call<"add", std::int64_t(std::int64_t, std::int32_t)> other_add;
  EXPECT_EQ(
      channel.call(other_add, 1, 2).error(),
      invalid("add: the two sides were built from different headers: parameter 2: i32 here, i64 there; build both "
              "from the same"));
}

TEST(Endpoint, TwoHandlersForOneNameAreRefused) {
  auto memory = SharedMemory::make(Endpoint::memory_bytes({}, 0)).value();
  const auto f = [](std::int64_t a, std::int64_t b) { return a + b; };
  EXPECT_EQ(Endpoint::make_host(std::move(memory), {}, {}, Handlers(add, f, add, f)).error().code, ErrorCode::kInvalid);
}

TEST(Endpoint, CallsNestBothWaysOnOneLane) {
  Channel channel(
      [](Endpoint& self) {
        return Handlers(depth, [&self](std::uint32_t n) -> Result<std::uint32_t> {
          return n == 0 ? Result<std::uint32_t>(0) : detail::call_through(self, {}, host_depth, n - 1);
        });
      },
      [](Channel& c) {
        return Handlers(host_depth, [&c](std::uint32_t n) -> Result<std::uint32_t> {
          if (n == 0) return 0;
          auto deeper = c.call(depth, n - 1);
          if (!deeper) return deeper;
          return *deeper + 2;
        });
      },
      {}, {.lanes_to_enclave = 1, .lanes_to_host = 1});
  EXPECT_EQ(channel.call(depth, 0u).value(), 0u);
  EXPECT_EQ(channel.call(depth, 12u).value(), 12u);
  auto too_deep = channel.call(depth, 100u);
  EXPECT_EQ(too_deep.error().code, ErrorCode::kExhausted);
  EXPECT_EQ(channel.call(depth, 12u).value(), 12u);
}

TEST(Endpoint, TheEnclaveCallsFromThreadsOfItsOwn) {
  std::atomic<int> notes = 0;
  Channel channel(simple, [&](Channel&) { return Handlers(note, [&](std::string_view) { ++notes; }); });
  std::vector<std::jthread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) EXPECT_TRUE(detail::call_through(channel.enclave(), {}, note, "hello"));
    });
  }
  threads.clear();
  EXPECT_EQ(notes, 300);
}

TEST(Endpoint, ManyThreadsGetTheirOwnReplies) {
  Channel channel(simple);
  std::vector<std::jthread> threads;
  for (std::int64_t t = 0; t < 8; ++t) {
    threads.emplace_back([&channel, t] {
      for (std::int64_t i = 0; i < 3000; ++i) {
        auto sum = channel.call(add, t << 32, i);
        ASSERT_TRUE(sum) << sum.error().message;
        ASSERT_EQ(*sum, (t << 32) + i);
      }
    });
  }
}

// Blocks in the enclave until let go.
struct Gate {
  std::atomic<int> entered = 0;
  std::atomic<bool> open = false, saw_cancel = false;
  Handlers handlers(Endpoint&) {
    return {block,
            [this] {
              ++entered;
              entered.notify_all();
              open.wait(false);
              saw_cancel = current_call_cancelled();
              return true;
            },
            add, [](std::int64_t a, std::int64_t b) { return a + b; }};
  }
  void let_go() {
    open = true;
    open.notify_all();
  }
};

TEST(Endpoint, ADeadlineEndsTheCallAndTheLaneComesBack) {
  Gate gate;
  Channel channel([&](Endpoint& e) { return gate.handlers(e); }, {}, {}, {.lanes_to_enclave = 1, .lanes_to_host = 1});
  auto late = channel.call({.timeout = 20ms}, block);
  EXPECT_EQ(late.error(), unavailable("block: the deadline passed"));
  auto busy = channel.call({.timeout = 20ms}, add, 1, 1);
  EXPECT_EQ(busy.error().code, ErrorCode::kUnavailable);
  gate.let_go();
  EXPECT_EQ(channel.call(add, 1, 1).value(), 2);
  EXPECT_TRUE(gate.saw_cancel);
}

// In a process that may have no further thread: its user's limit is there already.
TEST(EndpointDeathTest, WithoutThreadsItIsNotMade) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto make = [] {
    constexpr uid_t kNobodyElse = 4'000'000'000;
    const rlimit one{1, 1};
    if (::geteuid() == 0 && ::setresuid(kNobodyElse, kNobodyElse, kNobodyElse) != 0) return 2;
    if (::setrlimit(RLIMIT_NPROC, &one) != 0) return 3;
    const ChannelLayout layout;
    const auto host = Endpoint::make_host(SharedMemory::make(Endpoint::memory_bytes(layout, 4)).value(), layout,
                                          as_bytes("boot"), Handlers(), {});
    return !host && host.error().code == ErrorCode::kExhausted ? 0 : 1;
  };
  EXPECT_EXIT(std::_Exit(make()), testing::ExitedWithCode(0), "");
}

TEST(Endpoint, CancellationEndsTheCall) {
  Gate gate;
  Channel channel([&](Endpoint& e) { return gate.handlers(e); });
  std::stop_source source;
  auto pending = std::async(std::launch::async, [&] { return channel.call({.cancel = source.get_token()}, block); });
  gate.entered.wait(0);
  source.request_stop();
  EXPECT_EQ(pending.get().error(), unavailable("block: cancelled"));
  EXPECT_EQ(channel.call(add, 1, 1).value(), 2);
  gate.let_go();
}

TEST(Endpoint, LongCallsDoNotKeepOthersOut) {
  Gate gate;
  Channel channel([&](Endpoint& e) { return gate.handlers(e); });
  std::vector<std::future<Result<bool>>> pending;
  for (int i = 0; i < 7; ++i) pending.push_back(std::async(std::launch::async, [&] { return channel.call(block); }));
  for (int n = 0; n < 7; n = gate.entered) gate.entered.wait(n);
  EXPECT_EQ(channel.call(add, 20, 1).value(), 21);
  gate.let_go();
  for (auto& each : pending) EXPECT_TRUE(each.get().value());
}

TEST(Endpoint, ClosingFailsPendingAndLaterCalls) {
  Gate gate;
  Channel channel([&](Endpoint& e) { return gate.handlers(e); });
  auto pending = std::async(std::launch::async, [&] { return channel.call(block); });
  gate.entered.wait(0);
  channel.host().close(unavailable("killed by signal 11"));
  channel.host().close(unavailable("too late to matter"));
  EXPECT_EQ(pending.get().error(), unavailable("block: killed by signal 11"));
  EXPECT_EQ(channel.call(add, 1, 1).error(), unavailable("add: killed by signal 11"));
  gate.let_go();
}

TEST(Endpoint, SuspensionFailsCallsUntilResumed) {
  Gate gate;
  Channel channel([&](Endpoint& e) { return gate.handlers(e); });
  auto pending = std::async(std::launch::async, [&] { return channel.call(block); });
  gate.entered.wait(0);
  channel.host().suspend(unavailable("stopped by SIGSTOP"));
  EXPECT_EQ(pending.get().error(), unavailable("block: stopped by SIGSTOP"));
  EXPECT_EQ(channel.call(add, 1, 1).error(), unavailable("add: stopped by SIGSTOP"));
  channel.host().resume();
  gate.let_go();
  EXPECT_EQ(channel.call(add, 1, 1).value(), 2);
}

TEST(Endpoint, AnAbandonedCallsNestedCallsAreRefused) {
  std::atomic<bool> go = false;
  std::promise<Error> inside;
  Channel channel(
      [&](Endpoint& self) {
        return Handlers(
            block,
            [&] {
              go.wait(false);
              inside.set_value(detail::call_through(self, {}, note, "late").error());
              return true;
            },
            add, [](std::int64_t a, std::int64_t b) { return a + b; });
      },
      [](Channel&) { return Handlers(note, [](std::string_view) {}); }, {},
      {.lanes_to_enclave = 1, .lanes_to_host = 1});
  EXPECT_FALSE(channel.call({.timeout = 10ms}, block));
  go = true;
  go.notify_all();
  EXPECT_EQ(inside.get_future().get(), unavailable("the caller has given up"));
  EXPECT_EQ(channel.call(add, 1, 1).value(), 2);
}

}  // namespace
}  // namespace adyton
