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
  if (told != nullptr) *told = {thread.alternate_stack[0], thread.alternate_stack[1], thread.alternate_stack[2]};
  if (wanted == nullptr) return 0;
  constexpr std::uint64_t kDisable = 2;  // SS_DISABLE
  const std::uint64_t flags = next.flags & 0xffffffff;
  if ((flags & ~kDisable) != 0) return -EINVAL;
  if (flags == 0 && next.bytes < 2048) return -ENOMEM;
  thread.alternate_stack[0] = flags == 0 ? next.address : 0;
  thread.alternate_stack[1] = flags;
  thread.alternate_stack[2] = flags == 0 ? next.bytes : 0;
  return 0;
}

std::int64_t call_kill(Kernel& kernel, ThreadState& thread, std::uint64_t id, std::uint64_t signal) {
  if (signal > kSignals) return -EINVAL;
  ThreadState* target = id == kProcess || id == 0 ? &thread : nullptr;
  for (std::uint64_t index = 0; index < kernel.threads.count() && target == nullptr; ++index) {
    ThreadState& other = kernel.threads.state(index);
    if (other.reserved != 0 && other.thread_id == id) target = &other;
  }
  if (target == nullptr) return -ESRCH;
  if (signal != 0) send_signal(kernel, *target, signal);
  return 0;
}

}  // namespace adyton::keep
