// SPDX-License-Identifier: Apache-2.0
// One end of a channel against another side that writes what it likes into the shared memory.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <random>
#include <thread>

#include <adyton/call.h>
#include "base/error.h"
#include "call/channel_map.h"
#include "call/endpoint.h"
#include "call/handler_table.h"
#include "call/lane.h"

// The hostile side of one test changes bytes while they are read: this race is what the test is about.
extern "C" const char* __tsan_default_suppressions() { return "race:HostileHost_BytesThatChangeWhileTheyAreRead\n"; }

namespace adyton {
namespace {

using namespace std::chrono_literals;

constexpr Call<"names", std::uint32_t(const std::vector<std::string>&)> names;
constexpr Call<"sum", std::uint64_t(std::span<const std::byte>)> sum;
constexpr HostCall<"host.echo", std::string(std::string_view)> host_echo;
constexpr ChannelLayout kLayout{.lanes_to_enclave = 1, .lanes_to_host = 1, .window_bytes = 64u << 10};
constexpr ChannelLimits kLimits{.message_bytes = 1u << 20};

Handlers enclave_handlers() {
  return {names, [](const std::vector<std::string>& list) { return static_cast<std::uint32_t>(list.size()); }, sum,
          [](std::span<const std::byte> bytes) {
            std::uint64_t total = 0;
            for (std::byte b : bytes) total += std::to_integer<std::uint64_t>(b);
            return total;
          }};
}

struct Frame {
  MessageHead head;
  std::uint8_t kind = 1;
  std::uint32_t seq = 1;
  std::uint64_t produced = 0;
  Bytes window;
};

template <AnyCallType C, class... A>
Frame frame_of(const C&, const A&... arguments) {
  Encoder out;
  (detail::write_value(out, arguments), ...);
  Frame frame;
  frame.head.name_hash = C::target().name_hash;
  frame.head.structure_hash = C::target().structure_hash;
  frame.head.size = out.size();
  out.for_each_part([&](BytesView part) {
    frame.window.insert(frame.window.end(), part.begin(), part.end());
    return true;
  });
  if (out.size() <= Slot::kInlineBytes) {
    std::memcpy(frame.head.inline_bytes, frame.window.data(), frame.window.size());
  } else {
    frame.produced = out.size();
  }
  return frame;
}

void post(const LaneView& lane, const Frame& frame) {
  Slot& slot = *lane.out;
  std::memcpy(lane.out_window.data(), frame.window.data(), std::min(frame.window.size(), lane.out_window.size()));
  slot.kind = frame.kind;
  slot.processor = frame.head.processor;
  slot.name_hash = frame.head.name_hash;
  slot.structure_hash = frame.head.structure_hash;
  slot.size = frame.head.size;
  slot.start = frame.head.start;
  std::memcpy(slot.inline_bytes, frame.head.inline_bytes, sizeof slot.inline_bytes);
  slot.produced.store(frame.produced);
  slot.seq.store(frame.seq);
  slot.bell.fetch_add(1);
  futex_wake(slot.bell);
}

// What a real enclave end makes of one frame: its answer's kind, or nothing when it gave up the lane.
std::optional<MessageKind> outcome(const Frame& frame) {
  auto memory = SharedMemory::make(Endpoint::memory_bytes(kLayout, 0)).value();
  auto map = ChannelMap::lay_out(memory.bytes(), kLayout, {}).value();
  auto table = HandlerTable::make(enclave_handlers()).value();
  ChannelState state;
  Lane lane(map.lane(Side::kHost, 0, Side::kEnclave), state, kLimits.message_bytes);
  post(map.lane(Side::kHost, 0, Side::kHost), frame);
  const WaitLimits at_once{.deadline = std::chrono::steady_clock::now()};
  auto head = lane.receive(at_once);
  if (!head) return std::nullopt;
  Lane::Payload payload(lane, *head, at_once);
  Encoder reply;
  const MessageKind kind = table.answer(*head, payload.decoder(), reply);
  if (!payload.skip_rest()) return std::nullopt;
  return kind;
}

TEST(HostileHost, AnHonestFrameIsAnswered) {
  EXPECT_EQ(outcome(frame_of(names, std::vector<std::string>{"Ada", "Grace"})), MessageKind::kReply);
  EXPECT_EQ(outcome(frame_of(names, std::vector<std::string>{})), MessageKind::kReply);
}

TEST(HostileHost, EveryTruncationIsAnError) {
  const Frame honest = frame_of(names, std::vector<std::string>{"Ada", "Grace", std::string(40, 'x')});
  for (std::uint64_t n = 0; n < honest.head.size; ++n) {
    Frame cut = honest;
    cut.head.size = n;
    std::memcpy(cut.head.inline_bytes, cut.window.data(), sizeof cut.head.inline_bytes);
    if (n <= Slot::kInlineBytes)
      cut.produced = 0;
    else
      cut.produced = n;
    EXPECT_EQ(outcome(cut), MessageKind::kError) << n;
  }
}

TEST(HostileHost, NoBitFlipOfAFrameDoesHarm) {
  const Frame honest = frame_of(names, std::vector<std::string>{"Ada", "Grace", std::string(40, 'x')});
  const auto flip_all = [&](auto&& bytes_of) {
    Frame copy = honest;
    const std::size_t size = bytes_of(copy).size();
    for (std::size_t bit = 0; bit < size * 8; ++bit) {
      Frame flipped = honest;
      bytes_of(flipped)[bit / 8] ^= std::byte{1} << (bit % 8);
      static_cast<void>(outcome(flipped));  // ASan and UBSan are the judges
    }
  };
  flip_all([](Frame& f) { return std::span(f.window); });
  flip_all([](Frame& f) { return std::as_writable_bytes(std::span(&f.head.name_hash, 1)); });
  flip_all([](Frame& f) { return std::as_writable_bytes(std::span(&f.head.structure_hash, 1)); });
  flip_all([](Frame& f) { return std::as_writable_bytes(std::span(&f.head.size, 1)); });
  flip_all([](Frame& f) { return std::as_writable_bytes(std::span(&f.head.start, 1)); });
  flip_all([](Frame& f) { return std::as_writable_bytes(std::span(&f.produced, 1)); });
  flip_all([](Frame& f) { return std::as_writable_bytes(std::span(&f.kind, 1)); });
  flip_all([](Frame& f) { return std::as_writable_bytes(std::span(&f.seq, 1)); });
}

TEST(HostileHost, EachLieHasItsAnswer) {
  const Frame honest = frame_of(names, std::vector<std::string>{"Ada", std::string(40, 'x')});
  struct Case {
    const char* what;
    std::function<void(Frame&)> lie;
    std::optional<MessageKind> answer;
  };
  const Case cases[] = {
      {"unknown call", [](Frame& f) { ++f.head.name_hash; }, MessageKind::kNoSuchCall},
      {"other structure", [](Frame& f) { ++f.head.structure_hash; }, MessageKind::kOtherStructure},
      {"1 GiB claimed", [](Frame& f) { f.head.size = 1u << 30; }, std::nullopt},
      {"more claimed than sent", [](Frame& f) { f.head.size = 1000; }, std::nullopt},
      {"more sent than claimed", [](Frame& f) { f.produced += 1; }, std::nullopt},
      {"more sent than fits the window", [](Frame& f) { f.head.size = f.produced = 1u << 20; }, std::nullopt},
      {"a payload that starts beyond the window", [](Frame& f) { f.head.start = 1u << 30; }, std::nullopt},
      {"a payload before the beginning", [](Frame& f) { f.head.start = ~std::uint64_t{0}; }, std::nullopt},
      {"a kind that is none", [](Frame& f) { f.kind = 0; }, std::nullopt},
      {"another kind that is none", [](Frame& f) { f.kind = 77; }, std::nullopt},
      {"a message out of order", [](Frame& f) { f.seq = 7; }, std::nullopt},
      {"a list of 4 billion strings", [](Frame& f) { std::memset(f.window.data(), 0xff, 4); }, MessageKind::kError},
      {"a string of 4 GiB", [](Frame& f) { std::memset(&f.window[4], 0xff, 4); }, MessageKind::kError},
  };
  for (const Case& each : cases) {
    Frame lying = honest;
    each.lie(lying);
    EXPECT_EQ(outcome(lying), each.answer) << each.what;
  }
}

TEST(HostileHost, ALayoutThatLiesIsRefused) {
  auto memory = SharedMemory::make(Endpoint::memory_bytes(kLayout, 8)).value();
  ASSERT_TRUE(ChannelMap::lay_out(memory.bytes(), kLayout, as_bytes("12345678")));
  const Bytes honest = to_bytes(memory.bytes().first(24));
  ASSERT_TRUE(Endpoint::open_enclave(memory.alias()));
  for (std::size_t bit = 0; bit < honest.size() * 8; ++bit) {
    std::memcpy(memory.bytes().data(), honest.data(), honest.size());
    memory.bytes()[bit / 8] ^= std::byte{1} << (bit % 8);
    auto opened = Endpoint::open_enclave(memory.alias());
    // A few low bits of the boot size change nothing about where things are.
    if (opened) {
      EXPECT_GE(bit / 8, 20u);
    }
  }
  EXPECT_FALSE(Endpoint::open_enclave(SharedMemory::make(4096).value()));
  EXPECT_FALSE(SharedMemory::open(Descriptor(), 0, 1 << 30));
}

#ifndef __SANITIZE_THREAD__  // the race is the point
TEST(HostileHost, BytesThatChangeWhileTheyAreReadAreReadOnce) {
  auto memory = SharedMemory::make(Endpoint::memory_bytes(kLayout, 0)).value();
  auto map = ChannelMap::lay_out(memory.bytes(), kLayout, {}).value();
  auto table = HandlerTable::make(enclave_handlers()).value();
  const Frame honest = frame_of(names, std::vector<std::string>(500, "abcdefgh"));
  const LaneView host = map.lane(Side::kHost, 0, Side::kHost);
  std::jthread mutator([&](const std::stop_token& stop) {
    std::minstd_rand random(1);
    while (!stop.stop_requested()) {
      const std::size_t at = random() % honest.window.size();
      const auto keep = host.out_window[at];
      host.out_window[at] = static_cast<std::byte>(random());
      host.out->size = random();
      host.out_window[at] = keep;
      host.out->size = honest.head.size;
    }
  });
  for (int i = 0; i < 3000; ++i) {
    ChannelState state;
    Lane lane(map.lane(Side::kHost, 0, Side::kEnclave), state, kLimits.message_bytes);
    post(host, honest);
    const WaitLimits at_once{.deadline = std::chrono::steady_clock::now()};
    auto head = lane.receive(at_once);
    if (!head) continue;
    Lane::Payload payload(lane, *head, at_once);
    Encoder reply;
    static_cast<void>(table.answer(*head, payload.decoder(), reply));
  }
}
#endif

// ---- The same towards the host: a hostile enclave answers.

class HostileEnclave : public ::testing::Test {
 protected:
  void SetUp() override {
    host_.reset();
    memory_ = std::make_unique<SharedMemory>(SharedMemory::make(Endpoint::memory_bytes(kLayout, 0)).value());
    host_ = Endpoint::make_host(memory_->alias(), kLayout, {},
                                Handlers(host_echo, [](std::string_view s) { return std::string(s); }), kLimits)
                .value();
    lane_ = ChannelMap::inspect(memory_->bytes()).value().lane(Side::kHost, 0, Side::kEnclave);
  }
  // Calls names({}) while the enclave answers with `frame` at once.
  Result<std::uint32_t> call_answered_with(const Frame& frame) {
    std::jthread enclave([&](const std::stop_token& stop) {
      while (lane_.in->seq.load() != frame.seq && !stop.stop_requested()) std::this_thread::yield();
      post(lane_, frame);
    });
    return detail::call_through(*host_, {.timeout = 20ms}, names, std::vector<std::string>{});
  }
  static Frame reply(BytesView bytes) {
    Frame frame{.kind = 2, .window = to_bytes(bytes)};
    frame.head.size = bytes.size();
    if (bytes.size() <= Slot::kInlineBytes) {
      std::memcpy(frame.head.inline_bytes, bytes.data(), bytes.size());
    } else {
      frame.produced = bytes.size();
    }
    return frame;
  }
  std::unique_ptr<SharedMemory> memory_;
  std::unique_ptr<Endpoint> host_;
  LaneView lane_;
};

TEST_F(HostileEnclave, AnHonestReplyIsTaken) {
  EXPECT_EQ(call_answered_with(reply(parse_hex("2a000000").value())).value(), 42u);
}

TEST_F(HostileEnclave, MalformedRepliesAreErrorsAndTheLaneGoesOn) {
  auto short_reply = call_answered_with(reply(parse_hex("2a0000").value()));
  EXPECT_EQ(short_reply.error().code, ErrorCode::kInvalid);
  Frame second = reply(parse_hex("2a00000000").value());
  second.seq = 2;
  EXPECT_EQ(call_answered_with(second).error().code, ErrorCode::kInvalid);
  Frame third = reply(parse_hex("2a000000").value());
  third.seq = 3;
  EXPECT_EQ(call_answered_with(third).value(), 42u);
}

TEST_F(HostileEnclave, ABrokenProtocolClosesTheChannel) {
  Frame frame = reply(parse_hex("2a000000").value());
  frame.head.size = 1u << 30;
  EXPECT_EQ(call_answered_with(frame).error().code, ErrorCode::kInvalid);
  EXPECT_FALSE(detail::call_through(*host_, {}, names, std::vector<std::string>{}));
}

TEST_F(HostileEnclave, RepliesNobodyAskedForDoNoHarm) {
  post(lane_, reply(parse_hex("2a000000").value()));
  // The reply was there before the call: it is taken for the call's, or refused; never a crash or a hang.
  auto first = detail::call_through(*host_, {.timeout = 50ms}, names, std::vector<std::string>{});
  if (first) {
    EXPECT_EQ(*first, 42u);
  }
  Frame early = reply(parse_hex("2b000000").value());
  early.seq = 9;
  post(lane_, early);
  EXPECT_FALSE(detail::call_through(*host_, {.timeout = 50ms}, names, std::vector<std::string>{}));
}

TEST_F(HostileEnclave, ErrorsOfAnySizeAndCodeAreCutToMeasure) {
  Bytes text(200'000, std::byte{'x'});
  text[0] = std::byte{250};  // a code that does not exist
  Frame frame{.kind = 3, .window = text};
  frame.head.size = text.size();
  frame.produced = 64u << 10;
  std::jthread enclave([&](const std::stop_token& stop) {
    while (lane_.in->seq.load() != 1 && !stop.stop_requested()) std::this_thread::yield();
    post(lane_, frame);
    // Streams on, as the protocol wants it.
    for (std::uint64_t at = frame.produced; at < text.size(); lane_.out->produced.store(at)) {
      while (at - lane_.in->consumed.load() >= kLayout.window_bytes) {
        if (stop.stop_requested()) return;
        std::this_thread::yield();
      }
      at = std::min<std::uint64_t>(text.size(), lane_.in->consumed.load() + kLayout.window_bytes);
    }
  });
  auto answer = detail::call_through(*host_, {.timeout = 5s}, names, std::vector<std::string>{});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kInternal);
  EXPECT_LE(answer.error().message.size(), 65536u);
}

TEST_F(HostileEnclave, EveryByteOfAReplyFlipped) {
  const Frame honest = reply(Bytes(40, std::byte{0}));
  for (std::size_t at = 0; at < 64; ++at) {
    SetUp();
    Frame frame = honest;
    auto bytes = std::as_writable_bytes(std::span(&frame.head, 1));
    bytes[at % bytes.size()] ^= std::byte{0x81};
    static_cast<void>(call_answered_with(frame));
  }
}

}  // namespace
}  // namespace adyton
