// SPDX-License-Identifier: Apache-2.0
// timerfd, alarm(), setitimer(), timer_create(), signalfd().
#include <asm/signal.h>
#include <linux/time.h>
#include <linux/timerfd.h>

#include "keep/blocking.h"
#include "keep/signals.h"

namespace adyton::keep {
namespace {

constexpr std::uint32_t kToSignal = 0, kToNobody = 1, kToThread = 4;  // SIGEV_

struct Event {  // struct sigevent
  std::uint64_t value;
  std::int32_t signal;
  std::uint32_t notify;
  std::uint32_t thread;
};

struct MicroSetting {  // struct itimerval
  std::int64_t interval[2], next[2];
};

struct Told {  // struct signalfd_siginfo
  std::uint32_t signal;
  std::int32_t error, code;
  std::uint32_t process, user;
  std::int32_t descriptor;
  std::uint32_t timer, band, overrun, trap;
  std::int32_t status, number;
  std::uint64_t pointer, rest[9];
};
static_assert(sizeof(Told) == 128);

bool valid(const TimerSetting& setting) { return setting.next.valid() && setting.interval.valid(); }

std::int64_t set_timer(Kernel& kernel, std::uint64_t index, bool absolute, std::uint64_t from, std::uint64_t to) {
  const auto* given = kernel.user.in<TimerSetting>(from);
  auto* old = to != 0 ? kernel.user.out<TimerSetting>(to) : nullptr;
  if (given == nullptr || (to != 0 && old == nullptr)) return -EFAULT;
  const TimerSetting setting = *given;
  if (!valid(setting)) return -EINVAL;
  const TimerSetting before = kernel.timers.set(kernel, index, setting, absolute);
  if (old != nullptr) *old = before;
  return 0;
}

std::int64_t get_timer(Kernel& kernel, std::uint64_t index, std::uint64_t to) {
  Timer timer;
  if (!kernel.timers.get(kernel, index, timer)) return -EINVAL;
  auto* out = kernel.user.out<TimerSetting>(to);
  if (out == nullptr) return -EFAULT;
  *out = left_of(timer, kernel.clock.now(timer.clock));
  return 0;
}

bool sends(Kernel& kernel, std::uint64_t index) {
  Timer timer;
  return index != Timers::kInterval && kernel.timers.get(kernel, index, timer) && timer.code != 0;
}

Held timer_file(Kernel& kernel, std::uint64_t descriptor, std::int64_t& error) {
  Held file(kernel, descriptor);
  error = !file ? -EBADF : -EINVAL;
  if (file && file->kind != FileKind::kTimer) file = {};
  return file;
}

Time from_micro(const std::int64_t (&time)[2]) { return {time[0], time[1] * 1000}; }

}  // namespace

std::int64_t call_timerfd_create(Kernel& kernel, std::uint64_t clock, std::uint64_t flags) {
  Timer timer;
  if ((flags & ~std::uint64_t{TFD_CLOEXEC | TFD_NONBLOCK}) != 0 || !clock_kind(clock, timer.clock)) return -EINVAL;
  const std::int64_t index = kernel.timers.open(timer);
  if (index < 0) return -EMFILE;
  const OpenFile file{.kind = FileKind::kTimer,
                      .readable = true,
                      .flags = static_cast<std::uint32_t>(flags & O_NONBLOCK),
                      .object = static_cast<std::uint64_t>(index)};
  const std::int64_t descriptor = kernel.descriptors.open(file, (flags & O_CLOEXEC) != 0);
  if (descriptor < 0) kernel.timers.close(file.object);
  return descriptor;
}

std::int64_t call_timerfd_settime(Kernel& kernel, const Frame& frame) {
  std::int64_t error = 0;
  const Held file = timer_file(kernel, frame.rdi, error);
  if (!file) return error;
  if ((frame.rsi & ~std::uint64_t{TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET}) != 0) return -EINVAL;
  const std::int64_t done = set_timer(kernel, file->object, (frame.rsi & TFD_TIMER_ABSTIME) != 0, frame.rdx, frame.r10);
  if (done == 0) wake_pollers(kernel);
  return done;
}

std::int64_t call_timerfd_gettime(Kernel& kernel, std::uint64_t fd, std::uint64_t to) {
  std::int64_t error = 0;
  const Held file = timer_file(kernel, fd, error);
  return !file ? error : get_timer(kernel, file->object, to);
}

std::int64_t read_timer(Kernel& kernel, ThreadState& thread, const OpenFile& file, void* to, std::uint64_t bytes) {
  if (bytes < 8) return -EINVAL;
  std::uint64_t expired = 0;
  const std::int64_t done = until_done(kernel, thread, file, [&]() -> std::int64_t {
    expired = kernel.timers.take(kernel, file.object);
    return expired != 0 ? 8 : -EAGAIN;
  });
  if (done > 0) __builtin_memcpy(to, &expired, 8);
  return done;
}

std::int64_t call_setitimer(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  if (frame.rdi != ITIMER_REAL) return -EINVAL;  // processor time is not known
  const auto* given = frame.rsi != 0 ? kernel.user.in<MicroSetting>(frame.rsi) : nullptr;
  auto* old = frame.rdx != 0 ? kernel.user.out<MicroSetting>(frame.rdx) : nullptr;
  if ((frame.rsi != 0 && given == nullptr) || (frame.rdx != 0 && old == nullptr)) return -EFAULT;
  TimerSetting setting;
  if (given != nullptr) {
    if (given->interval[1] >= 1'000'000 || given->next[1] >= 1'000'000) return -EINVAL;
    setting = {from_micro(given->interval), from_micro(given->next)};
  }
  if (!valid(setting)) return -EINVAL;
  const TimerSetting before = kernel.timers.set(kernel, Timers::kInterval, setting, false);
  if (old != nullptr) {
    *old = {{before.interval.seconds, before.interval.nanoseconds / 1000},
            {before.next.seconds, before.next.nanoseconds / 1000}};
  }
  kernel.timers.tell_host(kernel, thread.index);
  return 0;
}

std::int64_t call_getitimer(Kernel& kernel, std::uint64_t which, std::uint64_t to) {
  auto* out = kernel.user.out<MicroSetting>(to);
  Timer timer;
  if (which != ITIMER_REAL) return -EINVAL;
  if (out == nullptr) return -EFAULT;
  kernel.timers.get(kernel, Timers::kInterval, timer);
  const TimerSetting left = left_of(timer, kernel.clock.now(Clock::kMonotonic));
  *out = {{left.interval.seconds, left.interval.nanoseconds / 1000}, {left.next.seconds, left.next.nanoseconds / 1000}};
  return 0;
}

std::int64_t call_alarm(Kernel& kernel, ThreadState& thread, std::uint64_t seconds) {
  const TimerSetting setting{{}, {static_cast<std::int64_t>(seconds & 0xffffffff), 0}};
  const TimerSetting before = kernel.timers.set(kernel, Timers::kInterval, setting, false);
  kernel.timers.tell_host(kernel, thread.index);
  return before.next.seconds +
         (before.next.nanoseconds >= 500'000'000 || (before.next.seconds == 0 && before.next.nanoseconds > 0) ? 1 : 0);
}

std::int64_t call_timer_create(Kernel& kernel, const Frame& frame) {
  Timer timer{.sends = true, .signal = SIGALRM, .code = kTimerExpired};
  auto* id = kernel.user.out<std::uint32_t>(frame.rdx);
  const auto* event = frame.rsi != 0 ? kernel.user.in<Event>(frame.rsi) : nullptr;
  if (frame.rdi == CLOCK_PROCESS_CPUTIME_ID || frame.rdi == CLOCK_THREAD_CPUTIME_ID) return -EOPNOTSUPP;
  if (!clock_kind(frame.rdi, timer.clock)) return -EINVAL;
  if (id == nullptr || (frame.rsi != 0 && event == nullptr)) return -EFAULT;
  if (event != nullptr) {
    if (event->notify != kToSignal && event->notify != kToNobody && event->notify != kToThread) return -EINVAL;
    if (event->notify != kToNobody && (event->signal <= 0 || event->signal > static_cast<std::int32_t>(kSignals)))
      return -EINVAL;
    timer.sends = event->notify != kToNobody;
    timer.signal = timer.sends ? static_cast<std::uint64_t>(event->signal) : 0;
    timer.value = event->value;
    timer.target = event->notify == kToThread ? event->thread : 0;
  }
  const std::int64_t index = kernel.timers.open(timer);
  if (index < 0) return index;
  if (event == nullptr) *id = 0;
  *id = static_cast<std::uint32_t>(index);
  return 0;
}

std::int64_t call_timer_settime(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  if (!sends(kernel, frame.rdi)) return -EINVAL;
  const std::int64_t done = set_timer(kernel, frame.rdi, (frame.rsi & TIMER_ABSTIME) != 0, frame.rdx, frame.r10);
  if (done == 0) kernel.timers.tell_host(kernel, thread.index);
  return done;
}

std::int64_t call_timer_gettime(Kernel& kernel, std::uint64_t id, std::uint64_t to) {
  return sends(kernel, id) ? get_timer(kernel, id, to) : -EINVAL;
}

std::int64_t call_timer_getoverrun(Kernel& kernel, std::uint64_t id) {
  Timer timer;
  if (!sends(kernel, id) || !kernel.timers.get(kernel, id, timer)) return -EINVAL;
  return static_cast<std::int64_t>(timer.overrun & 0x7fffffff);
}

std::int64_t call_timer_delete(Kernel& kernel, std::uint64_t id) {
  if (!sends(kernel, id)) return -EINVAL;
  Timer timer;
  kernel.timers.get(kernel, id, timer);
  kernel.timers.close(id);
  take_back_signal(kernel, timer.mark);
  return 0;
}

std::int64_t call_signalfd(Kernel& kernel, const Frame& frame, std::uint64_t flags) {
  if ((flags & ~std::uint64_t{O_CLOEXEC | O_NONBLOCK}) != 0 || frame.rdx != 8) return -EINVAL;
  const auto* given = kernel.user.in<std::uint64_t>(frame.rsi);
  if (given == nullptr) return -EFAULT;
  const std::uint64_t set = *given & ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
  if (static_cast<std::int32_t>(frame.rdi) != -1) {
    const Held file(kernel, frame.rdi);
    if (!file) return -EBADF;
    if (file->kind != FileKind::kSignalSet) return -EINVAL;
    file->object = set;
    wake_pollers(kernel);
    return static_cast<std::int64_t>(frame.rdi);
  }
  return kernel.descriptors.open({.kind = FileKind::kSignalSet,
                                  .readable = true,
                                  .flags = static_cast<std::uint32_t>(flags & O_NONBLOCK),
                                  .object = set},
                                 (flags & O_CLOEXEC) != 0);
}

std::int64_t read_signals(Kernel& kernel, ThreadState& thread, const OpenFile& file, void* to, std::uint64_t bytes) {
  if (bytes < sizeof(Told)) return -EINVAL;
  std::uint64_t done = 0;
  while (bytes - done >= sizeof(Told)) {
    SignalInfo info;
    std::uint64_t signal = 0;
    const auto attempt = [&]() -> std::int64_t {
      signal = take_signal(kernel, thread, file.object, info);
      return signal != 0 ? 1 : -EAGAIN;
    };
    const std::int64_t taken = done == 0 ? until_done(kernel, thread, file, attempt) : attempt();
    if (taken < 0) return done > 0 ? static_cast<std::int64_t>(done) : taken;
    Told told{};
    told.signal = static_cast<std::uint32_t>(signal);
    told.code = info.code;
    const auto first = static_cast<std::uint32_t>(info.first), second = static_cast<std::uint32_t>(info.first >> 32);
    if (info.timer != 0) {
      told.timer = first;
      told.overrun = second;
    } else {
      told.process = first;
      told.user = second;
    }
    told.pointer = info.value;
    told.number = static_cast<std::int32_t>(info.value);
    __builtin_memcpy(static_cast<char*>(to) + done, &told, sizeof(told));
    done += sizeof(told);
  }
  return static_cast<std::int64_t>(done);
}

}  // namespace adyton::keep
