// SPDX-License-Identifier: Apache-2.0
// A lane: one conversation between one thread here and one on the other side, who take turns to send.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>

#include <adyton/codec.h>
#include "call/channel_map.h"
#include "call/futex.h"

namespace adyton {

// Why waits on a channel end early: shared by all lanes of an endpoint. Thread-safe.
class ChannelState {
 public:
  [[nodiscard]] bool interrupted() const { return interrupted_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::optional<Error> interruption() const;
  [[nodiscard]] bool suspended_only() const;             // interrupted, but not for ever
  void wait_resumed(const std::stop_token& stop) const;  // until it is neither, or closed
  void close(Error why);                                 // the first one counts
  void suspend(Error why);
  void resume();

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::optional<Error> closed_, suspended_;
  std::atomic<bool> interrupted_ = false;
};

// What one wait is subject to.
struct WaitLimits {
  std::optional<SteadyTime> deadline{};
  std::stop_token cancel{};
  std::chrono::nanoseconds spin{0};                           // stay awake for this long
  bool lets_other_run = true;                                 // first let the other side's thread run on this processor
  const std::atomic<std::uint32_t>* stop = nullptr;           // a shared word; nonzero ends the wait too
  const detail::FunctionRef<void()>* before_sleep = nullptr;  // called when the other side can see that this one sleeps
};

enum class WaitEnd : std::uint8_t { kReady, kTimeout, kCancelled, kInterrupted, kStopped };

class Lane {
 public:
  Lane(LaneView view, const ChannelState& state, std::uint64_t message_limit)
      : view_(view), state_(state), message_limit_(message_limit) {}
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Sends a message: this side's turn. Returns when the last byte is in the window, which for a message larger than the
  // window means that the other side is taking it out. A message whose sending failed is dropped by the other side as
  // soon as the next one is sent.
  Result<void> send(MessageHead head, const Encoder& payload, const WaitLimits& limits);

  // Waits for the other side's message. Its payload is read through payload_of().
  Result<MessageHead> receive(const WaitLimits& limits);

  // Reads a received message's payload, once. Not more than one at a time.
  class Payload : public MessageSource {
   public:
    Payload(Lane& lane, const MessageHead& head, const WaitLimits& limits);
    [[nodiscard]] Decoder& decoder() { return decoder_; }
    // Takes what was not read, so that the lane can be used again. Errors as receive().
    Result<void> skip_rest();

   private:
    Result<BytesView> next() override;
    Lane& lane_;
    const WaitLimits& limits_;
    MessageHead head_;
    std::uint64_t taken_ = 0;  // bytes handed out so far
    Decoder decoder_;
  };

  // Makes whichever thread waits on this lane, here, look again. Any thread.
  void nudge() const;
  // The same for the thread on the other side.
  void nudge_other() const;

  void set_cancelled(bool cancelled) { view_.out->cancel.store(cancelled ? 1 : 0, std::memory_order_relaxed); }
  [[nodiscard]] bool other_cancelled() const { return view_.in->cancel.load(std::memory_order_relaxed) != 0; }
  // Whether the other side's thread was asleep when this side last rang.
  [[nodiscard]] bool other_slept() const { return other_slept_; }
  // The processor the other side's last message came from, as it says.
  [[nodiscard]] std::uint32_t other_processor() const { return other_processor_; }
  // Whether it is asleep now, as far as can be seen from here.
  [[nodiscard]] bool other_sleeps() const { return view_.in->waiting.load(std::memory_order_seq_cst) != 0; }
  // Whether receive()'s last message had to be slept for.
  [[nodiscard]] bool slept() const { return slept_; }
  // Whether the other side broke the protocol: nothing more can be said on this lane.
  [[nodiscard]] bool broken() const { return broken_; }

  std::uint32_t short_calls = 0;  // in a row; of the thread that has the lane
  std::uint32_t depth = 0;        // calls within calls; used by the thread that has the lane

 private:
  template <class Ready>
  WaitEnd wait_until(const Ready& ready, const WaitLimits& limits);
  template <class Ready>
  WaitEnd sleep_until(const Ready& ready, const WaitLimits& limits);
  [[nodiscard]] std::optional<WaitEnd> ended(const WaitLimits& limits) const;
  [[nodiscard]] Error error_of(WaitEnd end) const;
  [[nodiscard]] bool superseded() const { return view_.in->seq.load(std::memory_order_acquire) != received_; }
  Error break_lane(const char* why);
  Result<void> stream(MessageHead& head, const Encoder& payload, const WaitLimits& limits);
  void write_head(const MessageHead& head);
  void ring();

  LaneView view_;
  const ChannelState& state_;
  std::uint64_t message_limit_;
  std::uint32_t sent_ = 0, received_ = 0;  // messages
  std::uint64_t put_ = 0, taken_ = 0;      // bytes of the two windows
  std::uint64_t seen_consumed_ = 0;
  std::uint32_t other_processor_ = 0;
  bool other_slept_ = false, slept_ = false, broken_ = false;
};

}  // namespace adyton
