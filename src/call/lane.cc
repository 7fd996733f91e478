// SPDX-License-Identifier: Apache-2.0
#include "call/lane.h"

#include <algorithm>
#include <cstring>

#include <sched.h>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kChunkBytes = 32u << 10;        // how far sender and receiver of a large payload are apart
constexpr std::chrono::microseconds kYieldTime{250};  // for which a caller lets a woken answerer run before it

// Copies a head out of memory the other side may be writing to. Not inlined: the compiler may not read it twice.
[[gnu::noinline]] void copy_head(MessageHead& head, std::uint8_t& kind, const Slot& slot) {
  kind = slot.kind;
  head.processor = slot.processor;
  head.name_hash = slot.name_hash;
  head.structure_hash = slot.structure_hash;
  head.size = slot.size;
  head.start = slot.start;
  std::memcpy(head.inline_bytes, slot.inline_bytes, sizeof head.inline_bytes);
}

inline void pause_processor() { __builtin_ia32_pause(); }

}  // namespace

std::optional<Error> ChannelState::interruption() const {
  const std::scoped_lock lock(mutex_);
  return closed_ ? closed_ : suspended_;
}

bool ChannelState::suspended_only() const {
  const std::scoped_lock lock(mutex_);
  return suspended_ && !closed_;
}

void ChannelState::wait_resumed(const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [this] { return closed_ || !suspended_; });
}

void ChannelState::close(Error why) {
  const std::scoped_lock lock(mutex_);
  if (!closed_) closed_ = std::move(why);
  interrupted_ = true;
  changed_.notify_all();
}

void ChannelState::suspend(Error why) {
  const std::scoped_lock lock(mutex_);
  suspended_ = std::move(why);
  interrupted_ = true;
}

void ChannelState::resume() {
  const std::scoped_lock lock(mutex_);
  suspended_.reset();
  interrupted_ = closed_.has_value();
  changed_.notify_all();
}

std::optional<WaitEnd> Lane::ended(const WaitLimits& limits) const {
  if (state_.interrupted()) return WaitEnd::kInterrupted;
  if (limits.stop != nullptr && limits.stop->load(std::memory_order_relaxed) != 0) return WaitEnd::kStopped;
  if (limits.cancel.stop_requested()) return WaitEnd::kCancelled;
  if (limits.deadline && std::chrono::steady_clock::now() >= *limits.deadline) return WaitEnd::kTimeout;
  return std::nullopt;
}

template <class Ready>
WaitEnd Lane::wait_until(const Ready& ready, const WaitLimits& limits) {
  slept_ = false;
  const bool lets_other_run = limits.lets_other_run && (other_slept_ || limits.spin.count() == 0);
  const int first_looks = lets_other_run || limits.spin.count() == 0 ? 1 : 256;  // before the first look at a clock
  for (int i = 0; i < first_looks; ++i) {
    if (ready()) return WaitEnd::kReady;
    pause_processor();
  }
  if (const auto end = ended(limits)) return *end;
  // The other side's thread may be on this very processor, above all when it has just been woken: whoever waits awake
  // steps aside every few microseconds.
  const auto start = std::chrono::steady_clock::now();
  const auto awake = lets_other_run ? std::max<std::chrono::nanoseconds>(kYieldTime, limits.spin) : limits.spin;
  while (std::chrono::steady_clock::now() - start < awake) {
    ::sched_yield();
    for (int i = 0; i < first_looks; ++i) {
      if (ready()) return WaitEnd::kReady;
      pause_processor();
    }
    if (const auto end = ended(limits)) return *end;
  }
  return sleep_until(ready, limits);
}

template <class Ready>
WaitEnd Lane::sleep_until(const Ready& ready, const WaitLimits& limits) {
  slept_ = true;
  const std::stop_callback wake(limits.cancel, [this] { nudge(); });
  std::atomic<std::uint32_t>& waiting = view_.out->waiting;
  std::uint32_t seen = view_.in->bell.load(std::memory_order_acquire);
  waiting.store(1, std::memory_order_seq_cst);
  if (limits.before_sleep != nullptr) (*limits.before_sleep)();
  std::optional<WaitEnd> end;
  for (;;) {
    end = ready() ? WaitEnd::kReady : ended(limits);
    if (end) break;
    futex_wait(view_.in->bell, seen, limits.deadline);
    seen = view_.in->bell.load(std::memory_order_acquire);
  }
  waiting.store(0, std::memory_order_relaxed);
  return *end;
}

Error Lane::error_of(WaitEnd end) const {
  switch (end) {
    case WaitEnd::kTimeout: return unavailable("the deadline passed");
    case WaitEnd::kCancelled: return unavailable("cancelled");
    case WaitEnd::kStopped: return unavailable("asked to stop");
    case WaitEnd::kInterrupted: return state_.interruption().value_or(unavailable("the channel was interrupted"));
    case WaitEnd::kReady: break;
  }
  return internal("no error");
}

Error Lane::break_lane(const char* why) {
  broken_ = true;
  return invalid("the other side broke the channel's protocol: {}", why);
}

void Lane::ring() {
  // Whoever falls asleep says so before it looks for the last time: either it sees what was sent, or it is seen here.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  other_slept_ = view_.in->waiting.load(std::memory_order_relaxed) != 0;
  if (!other_slept_) return;
  view_.out->bell.fetch_add(1, std::memory_order_seq_cst);
  futex_wake(view_.out->bell);
}

void Lane::nudge() const {
  view_.in->bell.fetch_add(1, std::memory_order_seq_cst);
  futex_wake(view_.in->bell, 64);
}

void Lane::nudge_other() const {
  view_.out->bell.fetch_add(1, std::memory_order_seq_cst);
  futex_wake(view_.out->bell, 64);
}

void Lane::write_head(const MessageHead& head) {
  Slot& slot = *view_.out;
  slot.kind = static_cast<std::uint8_t>(head.kind);
  slot.processor = current_processor();
  slot.name_hash = head.name_hash;
  slot.structure_hash = head.structure_hash;
  slot.size = head.size;
  slot.start = head.start;
  std::memcpy(slot.inline_bytes, head.inline_bytes, sizeof slot.inline_bytes);
  slot.seq.store(++sent_, std::memory_order_release);
  ring();
}

Result<void> Lane::send(MessageHead head, const Encoder& payload, const WaitLimits& limits) {
  if (broken_) return invalid("the other side broke the channel's protocol before");
  head.size = payload.size();
  if (payload.failed()) return invalid("a value with more than 4,294,967,295 elements");
  if (head.size > message_limit_) {
    return exhausted("a message of {} bytes; the limit here is {}", head.size, message_limit_);
  }
  head.start = put_;
  if (head.size > Slot::kInlineBytes) return stream(head, payload, limits);
  std::memcpy(head.inline_bytes, payload.own().data(), head.size);
  write_head(head);
  return {};
}

Result<void> Lane::stream(MessageHead& head, const Encoder& payload, const WaitLimits& limits) {
  const std::uint64_t window = view_.out_window.size();
  // Whoever sleeps is woken once, when there is most to do; whoever is awake begins while this side goes on.
  const std::uint64_t first = view_.in->waiting.load(std::memory_order_relaxed) != 0 ? window : kChunkBytes;
  bool announced = false;
  std::uint64_t published = put_;
  const auto publish = [&] {
    view_.out->produced.store(put_, std::memory_order_seq_cst);
    published = put_;
    if (!announced) {
      announced = true;
      write_head(head);
    } else if (view_.in->waiting.load(std::memory_order_seq_cst) != 0) {
      ring();
    }
  };
  const auto room = [&] { return window - (put_ - seen_consumed_); };
  const auto look = [&] {
    const std::uint64_t consumed = view_.in->consumed.load(std::memory_order_acquire);
    if (consumed < seen_consumed_ || consumed > put_) return false;
    seen_consumed_ = consumed;
    return true;
  };

  Result<void> result;
  const auto put = [&](BytesView part) {
    while (!part.empty()) {
      if (room() == 0 && (!look() || room() == 0)) {
        if (published != put_ || !announced) publish();
        bool sane = true;
        const auto end = wait_until([&] { return !(sane = look()) || room() > 0 || superseded(); }, limits);
        if (end != WaitEnd::kReady) return result = error_of(end), false;
        if (!sane) return result = break_lane("it took more bytes than there were"), false;
        if (room() == 0) return result = unavailable("the other side gave up"), false;
      }
      const std::uint64_t at = put_ % window;
      const std::size_t n = std::min<std::uint64_t>({part.size(), room(), window - at, kChunkBytes});
      std::memcpy(&view_.out_window[at], part.data(), n);
      put_ += n;
      part = part.subspan(n);
      if (put_ - published >= (announced ? kChunkBytes : first)) publish();
    }
    return true;
  };
  if (!payload.for_each_part(put)) return result;
  if (published != put_ || !announced) publish();
  return {};
}

Result<MessageHead> Lane::receive(const WaitLimits& limits) {
  if (broken_) return invalid("the other side broke the channel's protocol before");
  const auto end = wait_until([this] { return superseded(); }, limits);
  if (end != WaitEnd::kReady) return error_of(end);
  if (view_.in->seq.load(std::memory_order_acquire) != received_ + 1) return break_lane("a message out of order");
  ++received_;
  MessageHead head;
  std::uint8_t kind = 0;
  copy_head(head, kind, *view_.in);
  if (kind < 1 || kind > static_cast<std::uint8_t>(MessageKind::kOtherStructure)) return break_lane("unknown message");
  head.kind = static_cast<MessageKind>(kind);
  other_processor_ = head.processor;
  if (head.size > message_limit_) return break_lane("a message larger than the limit here");
  if (head.size > Slot::kInlineBytes) {
    if (head.start < taken_ || head.start - taken_ > view_.in_window.size())
      return break_lane("a payload out of place");
    taken_ = head.start;
    view_.out->consumed.store(taken_, std::memory_order_release);
  }
  return head;
}

Lane::Payload::Payload(Lane& lane, const MessageHead& head, const WaitLimits& limits)
    : lane_(lane),
      limits_(limits),
      head_(head),
      decoder_(head_.size <= Slot::kInlineBytes ? BytesView(head_.inline_bytes) : BytesView(), head_.size, this) {
  if (head_.size <= Slot::kInlineBytes) taken_ = head_.size;
}

Result<BytesView> Lane::Payload::next() {
  Lane& lane = lane_;
  const LaneView& view = lane.view_;
  const std::uint64_t window = view.in_window.size();
  const std::uint64_t end = head_.start + head_.size;
  lane.taken_ = head_.start + taken_;  // what was handed out before is done with
  if (head_.size > window) {
    view.out->consumed.store(lane.taken_, std::memory_order_seq_cst);
    if (view.in->waiting.load(std::memory_order_seq_cst) != 0) lane.ring();
  }
  std::uint64_t produced = 0;
  const auto wait = lane.wait_until(
      [&] {
        produced = view.in->produced.load(std::memory_order_acquire);
        return produced != lane.taken_ || lane.superseded();
      },
      limits_);
  if (wait != WaitEnd::kReady) return lane.error_of(wait);
  if (produced == lane.taken_) return unavailable("the other side gave up");
  if (produced < lane.taken_ || produced > end || produced - lane.taken_ > window) {
    return lane.break_lane("a payload of another size than its message");
  }
  const std::uint64_t at = lane.taken_ % window;
  const std::size_t n = std::min<std::uint64_t>({produced - lane.taken_, window - at, 2 * kChunkBytes});
  taken_ += n;
  return BytesView(view.in_window).subspan(at, n);
}

Result<void> Lane::Payload::skip_rest() {
  while (taken_ < head_.size) TRY(next());
  if (head_.size > Slot::kInlineBytes) {
    lane_.taken_ = head_.start + head_.size;
    lane_.view_.out->consumed.store(lane_.taken_, std::memory_order_release);
  }
  return {};
}

}  // namespace adyton
