// SPDX-License-Identifier: Apache-2.0
// Who handles which signal, and who may be told of it; signals.h runs the handlers.
#include <asm/errno.h>
#include <asm/signal.h>

#include "keep/calls.h"
#include "keep/signals.h"

namespace adyton::keep {
namespace {

constexpr std::uint64_t kSetBytes = 8;
constexpr std::uint64_t kNeverBlocked = (1ULL << (SIGKILL - 1)) | (1ULL << (SIGSTOP - 1));

constexpr std::int32_t kSentByThread = -6;  // SI_TKILL
constexpr auto kOwn = static_cast<std::int32_t>(kProcess);

struct Stack {  // stack_t
  std::uint64_t address;
  std::uint64_t flags;  // int, and padding
  std::uint64_t bytes;
};

}  // namespace

std::int64_t call_sigaction(Kernel& kernel, const Frame& frame) {
  const std::uint64_t signal = frame.rdi, action = frame.rsi, old = frame.rdx;
  if (signal == 0 || signal > kSignals || frame.r10 != kSetBytes) return -EINVAL;
  if (action != 0 && (signal == SIGKILL || signal == SIGSTOP)) return -EINVAL;
  const auto* wanted = action != 0 ? kernel.user.in<SignalAction>(action) : nullptr;
  auto* told = old != 0 ? kernel.user.out<SignalAction>(old) : nullptr;
  if ((action != 0 && wanted == nullptr) || (old != 0 && told == nullptr)) return -EFAULT;
  const SignalAction next = wanted != nullptr ? *wanted : SignalAction{};
  const Locked locked(kernel.signal_lock);
  if (told != nullptr) *told = kernel.actions[signal];
  if (wanted != nullptr) kernel.actions[signal] = next;
  return 0;
}

std::int64_t call_sigprocmask(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const std::uint64_t how = frame.rdi, set = frame.rsi, old = frame.rdx;
  if (frame.r10 != kSetBytes) return -EINVAL;
  const auto* change = set != 0 ? kernel.user.in<std::uint64_t>(set) : nullptr;
  auto* told = old != 0 ? kernel.user.out<std::uint64_t>(old) : nullptr;
  if ((set != 0 && change == nullptr) || (old != 0 && told == nullptr)) return -EFAULT;
  const std::uint64_t before = thread.signal_mask;
  if (change != nullptr) {
    std::uint64_t mask = before;
    switch (how) {
      case SIG_BLOCK: mask |= *change; break;
      case SIG_UNBLOCK: mask &= ~*change; break;
      case SIG_SETMASK: mask = *change; break;
      default: return -EINVAL;
    }
    thread.signal_mask = mask & ~kNeverBlocked;
  }
  if (told != nullptr) *told = before;
  return 0;
}

std::int64_t call_sigaltstack(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const auto* wanted = frame.rdi != 0 ? kernel.user.in<Stack>(frame.rdi) : nullptr;
  auto* told = frame.rsi != 0 ? kernel.user.out<Stack>(frame.rsi) : nullptr;
  if ((frame.rdi != 0 && wanted == nullptr) || (frame.rsi != 0 && told == nullptr)) return -EFAULT;
  const Stack next = wanted != nullptr ? *wanted : Stack{};
  const std::uint64_t in_use = on_alternate_stack(thread) ? kOnStack : 0;
  const Stack before{thread.alternate_stack[0], (thread.alternate_stack[1] & (kStackDisabled | kAutoDisarm)) | in_use,
                     thread.alternate_stack[2]};
  if (wanted != nullptr) {
    const std::int64_t error = set_alternate_stack(thread, next.address, next.flags, next.bytes);
    if (error < 0) return error;
  }
  if (told != nullptr) *told = before;
  return 0;
}

std::int64_t call_kill(Kernel& kernel, std::uint64_t process, std::uint64_t signal) {
  const auto id = static_cast<std::int32_t>(process);
  if (id != 0 && id != -1 && id != kOwn && id != -kOwn) return -ESRCH;
  if (signal > kSignals) return -EINVAL;
  return signal == 0 ? 0 : send_signal(kernel, 0, signal, sent_by_this_process(0));  // SI_USER
}

std::int64_t call_tgkill(Kernel& kernel, std::uint64_t process, std::uint64_t id, std::uint64_t signal) {
  if (signal > kSignals || static_cast<std::int32_t>(id) <= 0) return -EINVAL;
  if (process != kProcess) return -ESRCH;
  if (signal != 0)
    return send_signal(kernel, static_cast<std::uint32_t>(id), signal, sent_by_this_process(kSentByThread));
  for (std::uint64_t index = 0; index < kernel.threads.count(); ++index) {
    const ThreadState& thread = kernel.threads.state(index);
    if (thread.is(ThreadHold::kHeld) && thread.thread_id == id) return 0;
  }
  return -ESRCH;
}

namespace {

// What a sender says for itself: si_code below 0 and not what the kernel alone says.
std::int64_t queue_signal(Kernel& kernel, std::uint32_t target, std::uint64_t signal, std::uint64_t address) {
  struct Given {
    std::int32_t signal, error, code, pad;
    std::uint64_t first, value;
  };
  if (signal > kSignals) return -EINVAL;
  const auto* given = kernel.user.in<Given>(address);
  if (given == nullptr) return -EFAULT;
  if (signal == 0) return target == 0 ? 0 : call_tgkill(kernel, kProcess, target, 0);  // whether it is there
  return send_signal(kernel, target, signal, {.code = given->code, .first = given->first, .value = given->value});
}

}  // namespace

std::int64_t call_sigqueueinfo(Kernel& kernel, const Frame& frame) {
  return frame.rdi == kProcess ? queue_signal(kernel, 0, frame.rsi, frame.rdx) : -ESRCH;
}

std::int64_t call_tgsigqueueinfo(Kernel& kernel, const Frame& frame) {
  if (frame.rdi != kProcess || frame.rsi == 0) return -ESRCH;
  return queue_signal(kernel, static_cast<std::uint32_t>(frame.rsi), frame.rdx, frame.r10);
}

std::int64_t call_sigpending(Kernel& kernel, const ThreadState& thread, std::uint64_t to, std::uint64_t bytes) {
  if (bytes > kSetBytes) return -EINVAL;
  auto* set = kernel.user.out<std::uint64_t>(to);
  if (set == nullptr) return -EFAULT;
  kernel.timers.fire(kernel);
  *set = signals_for(kernel, thread) & thread.signal_mask;
  return 0;
}

std::int64_t call_pause(Kernel& kernel, ThreadState& thread) {
  const std::uint32_t nobody = 0;  // a word that nobody wakes
  while (true) {
    if (kernel.threads.wait(kernel, thread, {.word = &nobody}) == -EINTR) return -EINTR;
  }
}

std::int64_t call_sigsuspend(Kernel& kernel, ThreadState& thread, std::uint64_t mask, std::uint64_t bytes) {
  if (mask == 0) return -EFAULT;
  if (const std::int64_t error = take_mask(kernel, thread, mask, bytes); error < 0) return error;
  return call_pause(kernel, thread);
}

std::int64_t call_sigtimedwait(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  if (frame.r10 != kSetBytes) return -EINVAL;
  const auto* given = kernel.user.in<std::uint64_t>(frame.rdi);
  const auto* limit = frame.rdx != 0 ? kernel.user.in<Time>(frame.rdx) : nullptr;
  auto* out = frame.rsi != 0 ? kernel.user.out<Information>(frame.rsi) : nullptr;
  if (given == nullptr || (frame.rdx != 0 && limit == nullptr) || (frame.rsi != 0 && out == nullptr)) return -EFAULT;
  const std::uint64_t set = *given & ~kNeverBlocked;
  const Time most = limit != nullptr ? *limit : Time{};
  if (!most.valid()) return -EINVAL;
  const Time deadline = limit != nullptr && most != Time{} ? kernel.clock.now(Clock::kMonotonic) + most : Time{};
  const std::uint32_t nobody = 0;
  SignalInfo info;
  kernel.timers.fire(kernel);  // what is due by the clock is there, whenever the host says so
  while (true) {
    const std::uint64_t signal = take_signal(kernel, thread, set, info);
    if (signal != 0) {
      if (out != nullptr) {
        *out = {
            .signal = static_cast<std::int32_t>(signal), .code = info.code, .first = info.first, .rest = {info.value}};
      }
      return static_cast<std::int64_t>(signal);
    }
    if (has_signal(kernel, thread)) return -EINTR;
    if (limit != nullptr && most == Time{}) return -EAGAIN;
    __atomic_store_n(&thread.wait_signals, set, __ATOMIC_SEQ_CST);
    const std::int64_t waited =
        kernel.threads.wait(kernel, thread, {.word = &nobody, .deadline = limit != nullptr ? &deadline : nullptr});
    __atomic_store_n(&thread.wait_signals, 0, __ATOMIC_SEQ_CST);
    if (waited == -ETIMEDOUT && (signals_for(kernel, thread) & set) == 0) return -EAGAIN;
  }
}

}  // namespace adyton::keep
