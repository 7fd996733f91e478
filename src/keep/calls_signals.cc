// SPDX-License-Identifier: Apache-2.0
// Signals: handlers, masks and stacks are kept as the application sets them, but no handler is run yet. A signal whose
// action is to end the program does that.
#include <asm/errno.h>
#include <asm/signal.h>

#include "keep/calls.h"

namespace adyton::keep {
namespace {

constexpr std::uint64_t kSetBytes = 8;
constexpr std::uint64_t kNeverBlocked = (1ULL << (SIGKILL - 1)) | (1ULL << (SIGSTOP - 1));

struct Stack {  // stack_t
  std::uint64_t address;
  std::uint64_t flags;  // int, and padding
  std::uint64_t bytes;
};

bool ignored_by_default(std::uint64_t signal) {
  return signal == SIGCHLD || signal == SIGCONT || signal == SIGURG || signal == SIGWINCH;
}

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
  bool known = id == kProcess;
  for (std::uint64_t index = 0; index < kernel.threads.count(); ++index) {
    const ThreadState& other = kernel.threads.state(index);
    known = known || (other.reserved != 0 && other.thread_id == id);
  }
  if (!known) return -ESRCH;
  if (signal == 0) return 0;
  constexpr std::uint64_t kIgnore = 1;  // SIG_IGN
  SignalAction action{};
  {
    const Locked locked(kernel.signal_lock);
    action = kernel.actions[signal];
  }
  if (action.handler == kIgnore || (action.handler == 0 && ignored_by_default(signal))) return 0;
  if (action.handler != 0) {
    log(thread, Line() << "adyton: signal " << signal << " has a handler, and the keep kernel runs none yet\n");
    return -ENOSYS;
  }
  end_application(kernel, thread, KeepExit::kKilled, signal, 0);
}

}  // namespace adyton::keep
