// SPDX-License-Identifier: Apache-2.0
#include "keep/signals.h"

#include <asm/errno.h>
#include <asm/signal.h>

#include "keep/extended_state.h"
#include "keep/host_interface.h"

namespace adyton::keep {
namespace {

constexpr std::uint64_t kDefault = 0, kIgnore = 1;                     // SIG_DFL, SIG_IGN
constexpr std::uint64_t kRedZone = 128, kLeastStack = 2048;            // MINSIGSTKSZ
constexpr std::uint64_t kCarryOverFlags = 0xcd5 | 0x40000 | 0x200000;  // of eflags: what an application may set

// struct ucontext with struct sigcontext_64 (asm/sigcontext.h), without the names of what is not used.
struct Context {
  std::uint64_t flags, link;
  std::uint64_t stack[3];
  std::uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
  std::uint64_t segments, error, trap, old_mask, fault_address;
  std::uint64_t extended_state;
  std::uint64_t reserved[8];
  std::uint64_t mask;
};
struct SignalFrame {
  std::uint64_t restorer;
  Context context;
  Information information;
};
static_assert(sizeof(Context) == 304 && sizeof(Information) == 128);

// Context::segments, of 16 bits each: CS, GS, FS, SS; and flags: it is there, and is to be taken as it is.
constexpr std::uint64_t kSegments = 0x33 | 0x2bULL << 48, kStackSegment = 2 | 4;

constexpr std::uint64_t kStateAlignment = 64, kFrameAlignment = 16;

constexpr std::uint64_t kRestartMark = 0x7472617473657220;  // in Context::reserved, with the number of the system call

bool ignored_by_default(std::uint64_t signal) {
  return signal == SIGCHLD || signal == SIGCONT || signal == SIGURG || signal == SIGWINCH;
}

[[noreturn]] void kill_application(Kernel& kernel, ThreadState& thread, std::uint64_t signal, std::uint64_t address) {
  end_application(kernel, thread, KeepExit::kKilled, signal, address - kernel.base);
}

SignalAction action_of(Kernel& kernel, std::uint64_t signal) {
  const Locked locked(kernel.signal_lock);
  const SignalAction action = kernel.actions[signal];
  if ((action.flags & SA_RESETHAND) != 0) kernel.actions[signal].handler = kDefault;
  return action;
}

bool has_alternate_stack(const ThreadState& thread) { return (thread.alternate_stack[1] & kStackDisabled) == 0; }

void disarm(ThreadState& thread) {
  thread.alternate_stack[0] = thread.alternate_stack[2] = 0;
  thread.alternate_stack[1] = kStackDisabled;
}

// Lays the frame onto the stack and points the thread to the handler. False, and nothing happens: it does not fit.
bool enter_handler(Kernel& kernel, ThreadState& thread, const SignalAction& action, const SignalCause& cause) {
  Frame& now = thread.frame;
  std::uint64_t top = now.rsp - kRedZone;
  bool on_alternate = on_alternate_stack(thread);
  if ((action.flags & SA_ONSTACK) != 0 && has_alternate_stack(thread) && !on_alternate) {
    top = thread.alternate_stack[0] + thread.alternate_stack[2];
    on_alternate = true;
  }
  const std::uint64_t extended = (top - saved_state_bytes()) & ~(kStateAlignment - 1);
  const std::uint64_t position = ((extended - sizeof(SignalFrame)) & ~(kFrameAlignment - 1)) - sizeof(std::uint64_t);
  if (on_alternate && position <= thread.alternate_stack[0]) return false;  // what lies below it is not a stack
  auto* frame = kernel.user.out<SignalFrame>(position);
  constexpr std::uint64_t kRestorer = 0x04000000;  // SA_RESTORER, without which there is no way back
  if (position > top || frame == nullptr || !kernel.user.writable(position, top - position) ||
      (action.flags & kRestorer) == 0) {
    return false;
  }
  save_extended_state(at<void>(extended));
  *frame = {};
  frame->restorer = action.restorer;
  frame->context = {.flags = kStackSegment,
                    .stack = {thread.alternate_stack[0], thread.alternate_stack[1], thread.alternate_stack[2]},
                    .r8 = now.r8,
                    .r9 = now.r9,
                    .r10 = now.r10,
                    .r11 = now.r11,
                    .r12 = now.r12,
                    .r13 = now.r13,
                    .r14 = now.r14,
                    .r15 = now.r15,
                    .rdi = now.rdi,
                    .rsi = now.rsi,
                    .rbp = now.rbp,
                    .rbx = now.rbx,
                    .rdx = now.rdx,
                    .rax = now.rax,
                    .rcx = now.rcx,
                    .rsp = now.rsp,
                    .rip = now.rip,
                    .eflags = now.flags,
                    .segments = kSegments,
                    .error = cause.error,
                    .trap = cause.trap,
                    .fault_address = cause.address,
                    .extended_state = extended,
                    .mask = thread.mask_is_kept ? thread.kept_mask : thread.signal_mask};
  if (thread.restart != 0 && (action.flags & SA_RESTART) != 0) {
    frame->context.reserved[0] = kRestartMark;
    frame->context.reserved[1] = thread.restart - 1;
  }
  thread.restart = 0;
  thread.mask_is_kept = false;
  frame->information = {.signal = static_cast<std::int32_t>(cause.number), .code = cause.code, .first = cause.address};
  frame->information.rest[0] = cause.value;
  if ((thread.alternate_stack[1] & kAutoDisarm) != 0) disarm(thread);
  reset_extended_state();
  thread.signal_mask |= action.mask | ((action.flags & SA_NODEFER) != 0 ? 0 : signal_bit(cause.number));
  thread.signal_mask &= ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
  now.rdi = cause.number;
  now.rsi = position + offsetof(SignalFrame, information);
  now.rdx = position + offsetof(SignalFrame, context);
  now.rax = 0;
  now.rip = action.handler;
  now.rsp = position;
  now.flags = 0x202;
  return true;
}

[[noreturn]] void die_of(Kernel& kernel, ThreadState& thread, std::uint64_t signal) {
  log(thread, Line() << "adyton: killed by signal " << signal << " at offset " << (thread.frame.rip - kernel.base)
                     << " of the enclave\n");
  kill_application(kernel, thread, signal, thread.frame.rip);
}

// As on Linux, a handler whose frame does not fit onto its stack is instead one more fault.
void run_handler(Kernel& kernel, ThreadState& thread, const SignalAction& action, const SignalCause& cause) {
  if (enter_handler(kernel, thread, action, cause)) return;
  if (cause.number == SIGSEGV) die_of(kernel, thread, SIGSEGV);
  raise_fault(kernel, thread, {.number = SIGSEGV, .code = kSentByKernel});
}

}  // namespace

bool on_alternate_stack(const ThreadState& thread) {
  const std::uint64_t begin = thread.alternate_stack[0], bytes = thread.alternate_stack[2];
  if (!has_alternate_stack(thread) || (thread.alternate_stack[1] & kAutoDisarm) != 0) return false;
  return thread.frame.rsp > begin && thread.frame.rsp - begin <= bytes;
}

std::int64_t set_alternate_stack(ThreadState& thread, std::uint64_t address, std::uint64_t flags, std::uint64_t bytes) {
  flags &= 0xffffffff;
  if (on_alternate_stack(thread)) return -EPERM;
  const std::uint64_t mode = flags & ~kAutoDisarm;
  if (mode != 0 && mode != kOnStack && mode != kStackDisabled) return -EINVAL;
  if (mode == kStackDisabled) {
    address = bytes = 0;
  } else if (bytes < kLeastStack || bytes < signal_frame_bytes()) {
    return -ENOMEM;
  }
  thread.alternate_stack[0] = address;
  thread.alternate_stack[1] = flags;
  thread.alternate_stack[2] = bytes;
  return 0;
}

std::uint64_t signal_frame_bytes() {
  const std::uint64_t most = saved_state_bytes() + kStateAlignment - 1 + sizeof(SignalFrame) + kFrameAlignment - 1 +
                             sizeof(std::uint64_t) + kRedZone;
  return (most + kFrameAlignment - 1) & ~(kFrameAlignment - 1);
}

void raise_fault(Kernel& kernel, ThreadState& thread, const SignalCause& cause) {
  const SignalAction action = action_of(kernel, cause.number);
  // A fault cannot wait or be ignored: it would only happen again.
  if (action.handler == kDefault || action.handler == kIgnore || (thread.signal_mask & signal_bit(cause.number)) != 0) {
    die_of(kernel, thread, cause.number);
  }
  run_handler(kernel, thread, action, cause);
}

bool deliver_signals(Kernel& kernel, ThreadState& thread) {
  bool handled = false;
  SignalInfo info;
  while (true) {
    const std::uint64_t signal = take_signal(kernel, thread, ~thread.signal_mask, info);
    if (signal == 0 && thread.mask_is_kept) {  // no handler has gone back to it
      thread.signal_mask = thread.kept_mask;
      thread.mask_is_kept = false;
      continue;
    }
    if (signal == 0) return handled;
    const SignalAction action = action_of(kernel, signal);
    if (action.handler == kIgnore || (action.handler == kDefault && ignored_by_default(signal))) continue;
    if (action.handler == kDefault && stops_by_default(signal)) {  // was blocked when it was sent
      tell_of_stop(kernel, thread, signal);
      continue;
    }
    if (action.handler == kDefault) kill_application(kernel, thread, signal, thread.frame.rip);
    run_handler(kernel, thread, action,
                {.number = signal, .code = info.code, .address = info.first, .value = info.value});
    handled = true;
  }
}

void change_mask_for_call(ThreadState& thread, std::uint64_t mask) {
  thread.kept_mask = thread.signal_mask;
  thread.mask_is_kept = true;
  thread.signal_mask = mask & ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
}

bool return_from_signal(Kernel& kernel, ThreadState& thread) {
  const auto* saved = kernel.user.in<Context>(thread.frame.rsp);
  if (saved == nullptr) kill_application(kernel, thread, SIGSEGV, thread.frame.rip);
  const Context from = *saved;
  const std::uint64_t extended = from.extended_state;
  if (extended != 0) {
    if (extended % 64 != 0 || !kernel.user.writable(extended, saved_state_bytes())) {
      kill_application(kernel, thread, SIGSEGV, thread.frame.rip);
    }
    restore_extended_state(at<void>(extended));
  }
  thread.frame = {.rax = from.rax,
                  .rbx = from.rbx,
                  .rcx = from.rcx,
                  .rdx = from.rdx,
                  .rsi = from.rsi,
                  .rdi = from.rdi,
                  .rbp = from.rbp,
                  .rsp = from.rsp,
                  .r8 = from.r8,
                  .r9 = from.r9,
                  .r10 = from.r10,
                  .r11 = from.r11,
                  .r12 = from.r12,
                  .r13 = from.r13,
                  .r14 = from.r14,
                  .r15 = from.r15,
                  .rip = from.rip,
                  .flags = (from.eflags & kCarryOverFlags) | 0x202};
  // As on Linux from where it goes on, and what is no stack is let be.
  set_alternate_stack(thread, from.stack[0], from.stack[1], from.stack[2]);
  thread.signal_mask = from.mask & ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
  if (from.reserved[0] != kRestartMark) return false;
  thread.frame.rax = from.reserved[1];
  return true;
}

}  // namespace adyton::keep
