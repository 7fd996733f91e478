// SPDX-License-Identifier: Apache-2.0
#include "call/endpoint.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "call/channel_map.h"
#include "call/handler_table.h"
#include "call/lane.h"
#include "call/lane_pool.h"
#include "call/rhythm.h"
#include "call/structure_text.h"

namespace adyton {
namespace {

// While other callers wait for this one's turn to end, it stays awake for half its time: longer, and the call is
// probably a long one. After many short ones it is more probable that the answering thread was interrupted, and six
// times as long costs less than to start afresh with another caller.
constexpr int kCrowded = 2, kCrowdedAfterShort = 6;
constexpr std::uint32_t kManyShort = 64;

// The lane whose call the thread is answering, so that calls within it use the same.
struct Current {
  const void* endpoint;
  Lane* lane;
  Current* outer;
};
thread_local Current* current = nullptr;

class ChannelEndpoint final : public Endpoint {
 public:
  ChannelEndpoint(SharedMemory memory, ChannelMap map, Side side, const ChannelLimits& limits)
      : memory_(std::move(memory)),
        map_(map),
        side_(side),
        limits_(limits),
        boot_(map_.copy_boot()),
        pool_(side == Side::kHost ? map.layout().lanes_to_enclave : map.layout().lanes_to_host,
              std::max(1u, processor_count() / 2), queue_of(side)) {
    const Side other = side == Side::kHost ? Side::kEnclave : Side::kHost;
    const auto fill = [&](std::deque<Lane>& lanes, Side caller, std::uint32_t count) {
      for (std::uint32_t i = 0; i < count; ++i)
        lanes.emplace_back(map_.lane(caller, i, side), state_, limits.message_bytes);
    };
    const ChannelLayout& layout = map_.layout();
    fill(outbound_, side, side == Side::kHost ? layout.lanes_to_enclave : layout.lanes_to_host);
    fill(inbound_, other, side == Side::kHost ? layout.lanes_to_host : layout.lanes_to_enclave);
  }

  ~ChannelEndpoint() override {
    ChannelEndpoint::close(unavailable("the channel was closed"));
    threads_.clear();
    const std::scoped_lock lock(abandoned_mutex_);
    abandoned_.clear();
  }

  BytesView boot() const override { return boot_; }
  Result<void> start(const Handlers& handlers, std::size_t first_lane);
  Result<void> call(const detail::CallTarget& target, const CallOptions& options,
                    detail::FunctionRef<void(Encoder&)> encode,
                    detail::FunctionRef<Result<void>(Decoder&)> decode) override;
  Result<void> wait_ready(std::chrono::nanoseconds timeout) override;
  Result<void> serve(Handlers handlers) override;
  void ask_to_stop() override;
  void suspend(Error why) override;
  void resume() override { state_.resume(); }
  void close(Error why) override;

 private:
  struct Conversation {
    Result<void> result;
    bool reply_outstanding = false;  // given up before the other side answered
  };
  Conversation converse(Lane& lane, const detail::CallTarget& target, const WaitLimits& limits,
                        const Encoder& arguments, const detail::FunctionRef<Result<void>(Decoder&)>& decode);
  Result<void> read_reply(Lane& lane, const MessageHead& head, const detail::CallTarget& target,
                          const WaitLimits& limits, const detail::FunctionRef<Result<void>(Decoder&)>& decode);
  Result<void> answer(Lane& lane, const MessageHead& head, const WaitLimits& limits);
  Result<void> refuse(Lane& lane, const MessageHead& head, const WaitLimits& limits);
  void answer_calls(Lane& lane);
  [[nodiscard]] CallerQueue& queue_of(Side side) const { return map_.header().callers[side == Side::kHost ? 0 : 1]; }
  void finish_later(std::uint32_t number);
  void nudge_all() const;
  Error explain_broken(Error error);

  SharedMemory memory_;
  ChannelMap map_;
  const Side side_;
  const ChannelLimits limits_;
  const Bytes boot_;
  ChannelState state_;
  LanePool pool_;
  std::deque<Lane> outbound_, inbound_;
  HandlerTable handlers_;
  std::mutex abandoned_mutex_;
  struct Abandoned {
    std::shared_ptr<std::atomic<bool>> done;
    std::jthread thread;
  };
  std::vector<Abandoned> abandoned_;   // each waits for the reply of a call that was given up
  std::vector<std::jthread> threads_;  // each answers calls on one lane
};

Error ChannelEndpoint::explain_broken(Error error) {
  if (side_ == Side::kHost) close(error);  // whoever breaks the protocol once is not listened to again
  return error;
}

Result<void> ChannelEndpoint::call(const detail::CallTarget& target, const CallOptions& options,
                                   detail::FunctionRef<void(Encoder&)> encode,
                                   detail::FunctionRef<Result<void>(Decoder&)> decode) {
  WaitLimits limits{.cancel = options.cancel, .spin = limits_.spin};
  if (options.timeout.count() > 0) limits.deadline = std::chrono::steady_clock::now() + options.timeout;
  const auto named = [&](Error error) { return std::move(error).within(target.name()); };

  if (state_.interrupted()) {
    if (auto why = state_.interruption()) return named(*std::move(why));
  }

  Encoder arguments;
  encode(arguments);
  const bool can_be_given_up = limits.deadline || limits.cancel.stop_possible();
  for (Current* outer = current; outer != nullptr && !can_be_given_up; outer = outer->outer) {
    if (outer->endpoint != this) continue;
    Lane& lane = *outer->lane;
    if (lane.depth >= limits_.nesting) return named(exhausted("calls nested {} deep", lane.depth));
    auto nested = converse(lane, target, limits, arguments, decode);
    return nested.result;
  }

  const auto answerer_sleeps = [this](std::uint32_t lane) { return outbound_[lane].other_sleeps(); };
  auto number = pool_.acquire(limits, state_, answerer_sleeps);
  if (!number) return named(std::move(number).error());
  Lane& lane = outbound_[*number];
  bool is_long = false;
  const auto turn_long = [&] {
    if (!std::exchange(is_long, true)) pool_.turned_long();
  };
  const detail::FunctionRef<void()> before_sleep(turn_long);
  limits.before_sleep = &before_sleep;
  if (pool_.crowded()) {
    limits.spin = lane.short_calls >= kManyShort ? limits.spin * kCrowdedAfterShort : limits.spin / kCrowded;
  }
  auto conversation = converse(lane, target, limits, arguments, decode);
  if (conversation.reply_outstanding) {
    turn_long();
    finish_later(*number);
  } else {
    lane.short_calls = is_long ? 0 : lane.short_calls + 1;
    const bool looks_at_clock = lane.short_calls % kManyShort == 0;
    const std::uint32_t answerer = lane.other_processor();
    if (pool_.crowded()) {
      pool_.release_crowded(
          *number, is_long,
          {.was_quick = !is_long && !lane.other_sleeps(), .looks_at_clock = looks_at_clock, .answerer = answerer});
    } else {
      pool_.release(*number, is_long);
    }
  }
  return std::move(conversation.result);
}

ChannelEndpoint::Conversation ChannelEndpoint::converse(Lane& lane, const detail::CallTarget& target,
                                                        const WaitLimits& limits, const Encoder& arguments,
                                                        const detail::FunctionRef<Result<void>(Decoder&)>& decode) {
  const auto failed = [&](Error error, bool outstanding) {
    if (lane.broken()) error = explain_broken(std::move(error));
    return Conversation{std::move(error).within(target.name()), outstanding && !lane.broken()};
  };
  lane.set_cancelled(false);
  ++lane.depth;
  const MessageHead head{
      .kind = MessageKind::kCall, .name_hash = target.name_hash, .structure_hash = target.structure_hash};
  auto sent = lane.send(head, arguments, limits);
  for (;;) {
    auto message = sent ? lane.receive(limits) : Result<MessageHead>(sent.error());
    if (!message) {
      --lane.depth;
      if (sent) lane.set_cancelled(true);
      return failed(std::move(message).error(), sent.has_value());
    }
    if (message->kind != MessageKind::kCall) {
      --lane.depth;
      auto reply = read_reply(lane, *message, target, limits, decode);
      if (lane.broken()) return failed(std::move(reply).error(), false);
      return {std::move(reply), false};
    }
    if (auto answered = answer(lane, *message, limits); !answered) {
      --lane.depth;
      lane.set_cancelled(true);
      // The other side's handler never got its answer: it is still in the middle of our call.
      return failed(std::move(answered).error(), true);
    }
  }
}

Result<void> ChannelEndpoint::read_reply(Lane& lane, const MessageHead& head, const detail::CallTarget& target,
                                         const WaitLimits& limits,
                                         const detail::FunctionRef<Result<void>(Decoder&)>& decode) {
  Lane::Payload payload(lane, head, limits);
  const auto named = [&](Error error) { return std::move(error).within(target.name()); };
  Result<void> result;
  switch (head.kind) {
    case MessageKind::kReply:
      result = decode(payload.decoder());
      if (!result) result = named(Error{result.error().code, "malformed reply: " + result.error().message});
      break;
    case MessageKind::kError: result = read_error(payload.decoder()); break;
    case MessageKind::kOtherStructure: {
      std::string theirs;
      payload.decoder().append_to(theirs, std::min<std::uint64_t>(head.size, 1u << 16));
      result = named(invalid("the two sides were built from different headers: {}; build both from the same",
                             explain_difference(target.text, theirs)));
      break;
    }
    default: result = named(not_found("the other side answers no such call")); break;
  }
  if (auto rest = payload.skip_rest(); !rest && result) result = std::move(rest);
  return result;
}

Result<void> ChannelEndpoint::answer(Lane& lane, const MessageHead& head, const WaitLimits& limits) {
  Encoder reply;
  auto kind = MessageKind::kError;
  Current now{this, &lane, current};
  {
    Lane::Payload payload(lane, head, limits);
    if (lane.depth >= limits_.nesting) {
      write_error(reply, exhausted("calls nested {} deep", lane.depth));
    } else {
      current = &now;
      ++lane.depth;
      kind = handlers_.answer(head, payload.decoder(), reply);
      --lane.depth;
      current = now.outer;
    }
    TRY(payload.skip_rest());
  }
  auto sent = lane.send({.kind = kind}, reply, limits);
  if (!sent && sent.error().code == ErrorCode::kExhausted) {  // the reply is larger than may be sent: say so instead
    Encoder error;
    write_error(error, sent.error());
    return lane.send({.kind = MessageKind::kError}, error, limits);
  }
  return sent;
}

Result<void> ChannelEndpoint::refuse(Lane& lane, const MessageHead& head, const WaitLimits& limits) {
  Lane::Payload payload(lane, head, limits);
  TRY(payload.skip_rest());
  Encoder error;
  write_error(error, unavailable("the caller has given up"));
  return lane.send({.kind = MessageKind::kError}, error, limits);
}

// A call was given up before its answer came. The lane can be used again when the answer is there; until then, calls
// the other side makes in the course of it are refused.
void ChannelEndpoint::finish_later(std::uint32_t number) {
  const std::scoped_lock lock(abandoned_mutex_);
  std::erase_if(abandoned_, [](const Abandoned& each) { return each.done->load(); });
  auto done = std::make_shared<std::atomic<bool>>(false);
  auto finish = [this, number, done](const std::stop_token& stop) {
    Lane& lane = outbound_[number];
    const WaitLimits limits{.cancel = stop};
    for (;;) {
      auto head = lane.receive(limits);
      if (!head) {
        // Suspended is not the end; closed is.
        if (stop.stop_requested() || lane.broken() || !state_.suspended_only()) break;
        state_.wait_resumed(stop);
        continue;
      }
      if (head->kind == MessageKind::kCall) {
        if (!refuse(lane, *head, limits)) continue;
      } else {
        Lane::Payload payload(lane, *head, limits);
        static_cast<void>(payload.skip_rest());
        break;
      }
    }
    pool_.release(number, true);
    if (pool_.crowded()) pool_.let_in();
    *done = true;
  };
  try {
    abandoned_.push_back({done, std::jthread(std::move(finish))});
  } catch (const std::system_error&) {
    return;  // no thread to be had: the lane is lost, and with it what comes on it
  }
}

void ChannelEndpoint::answer_calls(Lane& lane) {
  Rhythm rhythm(limits_.spin);
  CallerQueue& queue = queue_of(side_ == Side::kHost ? Side::kEnclave : Side::kHost);
  const auto let_in = [&] {
    if (queue.waiting.load(std::memory_order_seq_cst) == 0) return;
    queue.bell.fetch_add(1, std::memory_order_seq_cst);
    futex_wake(queue.bell);
  };
  const detail::FunctionRef<void()> before_sleep(let_in);
  const auto* stop = side_ == Side::kEnclave ? &map_.header().stop : nullptr;
  for (;;) {
    // An answer is nothing to wait after: were this thread to stay awake, its caller would be the one to fall asleep,
    // and wake on another processor.
    WaitLimits limits{
        .spin = rhythm.before_wait(), .lets_other_run = false, .stop = stop, .before_sleep = &before_sleep};
    auto head = lane.receive(limits);
    if (!head) {
      if (state_.suspended_only()) {
        state_.wait_resumed({});
        continue;
      }
      return;
    }
    rhythm.after_wait(lane);
    limits.before_sleep = nullptr;
    limits.spin = limits_.spin;
    limits.lets_other_run = true;
    rhythm.before_answer(head->processor);
    // A payload that broke off was given up by its sender, whose next message is awaited.
    if (head->kind != MessageKind::kCall || !answer(lane, *head, limits)) {
      if (lane.broken()) {
        explain_broken(invalid("the other side broke the channel's protocol"));
        return;
      }
      continue;
    }
    rhythm.after_answer(lane, head->processor);
  }
}

Result<void> ChannelEndpoint::start(const Handlers& handlers, std::size_t first_lane) {
  auto table = HandlerTable::make(handlers);
  if (!table) return std::move(table).error();
  handlers_ = std::move(*table);
  try {
    for (std::size_t i = first_lane; i < inbound_.size(); ++i) {
      threads_.emplace_back([this, i] { answer_calls(inbound_[i]); });
    }
  } catch (const std::system_error&) {
    return exhausted("no thread to answer calls with: {} of {} are there", threads_.size(),
                     inbound_.size() - first_lane);
  }
  return {};
}

Result<void> ChannelEndpoint::serve(Handlers handlers) {
  if (side_ != Side::kEnclave) return internal("serve() is the enclave's");
  TRY(start(handlers, 1));
  map_.header().ready.store(1, std::memory_order_seq_cst);
  futex_wake(map_.header().ready, 64);
  answer_calls(inbound_[0]);
  threads_.clear();
  return {};
}

Result<void> ChannelEndpoint::wait_ready(std::chrono::nanoseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  auto& ready = map_.header().ready;
  for (;;) {
    const std::uint32_t seen = ready.load(std::memory_order_acquire);
    if ((seen & 1) != 0) return {};
    if (state_.interrupted()) return state_.interruption().value_or(unavailable("the channel was interrupted"));
    if (std::chrono::steady_clock::now() >= deadline) return unavailable("it did not serve calls in time");
    futex_wait(ready, seen, deadline);
  }
}

void ChannelEndpoint::nudge_all() const {
  for (const Lane& lane : outbound_) lane.nudge();
  for (const Lane& lane : inbound_) lane.nudge();
  // A waiting wait_ready() sees another value; the lowest bit is the enclave's.
  map_.header().ready.fetch_add(2, std::memory_order_seq_cst);
  futex_wake(map_.header().ready, 64);
}

void ChannelEndpoint::ask_to_stop() {
  map_.header().stop.store(1, std::memory_order_seq_cst);
  for (const Lane& lane : outbound_) lane.nudge_other();
}

void ChannelEndpoint::suspend(Error why) {
  state_.suspend(std::move(why));
  nudge_all();
  pool_.wake_all();
}

void ChannelEndpoint::close(Error why) {
  state_.close(std::move(why));
  nudge_all();
  pool_.wake_all();
}

}  // namespace

std::size_t Endpoint::memory_bytes(const ChannelLayout& layout, std::size_t boot_bytes) {
  return ChannelMap::memory_bytes(layout, boot_bytes);
}

Result<std::unique_ptr<Endpoint>> Endpoint::make_host(SharedMemory memory, const ChannelLayout& layout, BytesView boot,
                                                      Handlers handlers, const ChannelLimits& limits) {
  auto map = TRY(ChannelMap::lay_out(memory.bytes(), layout, boot));
  auto endpoint = std::make_unique<ChannelEndpoint>(std::move(memory), map, Side::kHost, limits);
  TRY(endpoint->start(handlers, 0));
  return std::unique_ptr<Endpoint>(std::move(endpoint));
}

Result<std::unique_ptr<Endpoint>> Endpoint::open_enclave(SharedMemory memory, const ChannelLimits& limits) {
  auto map = TRY(ChannelMap::inspect(memory.bytes()));
  return std::unique_ptr<Endpoint>(std::make_unique<ChannelEndpoint>(std::move(memory), map, Side::kEnclave, limits));
}

bool current_call_cancelled() { return current != nullptr && current->lane->other_cancelled(); }

}  // namespace adyton
