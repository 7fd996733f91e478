// SPDX-License-Identifier: Apache-2.0
// Signals from who sends them to who is to handle them.
#include <asm/errno.h>
#include <asm/signal.h>

#include "keep/calls.h"
#include "keep/host_interface.h"
#include "keep/readiness.h"
#include "keep/signals.h"

namespace adyton::keep {
namespace {

bool ignored(const SignalAction& action, std::uint64_t signal) {
  constexpr std::uint64_t kIgnore = 1;  // SIG_IGN
  if (action.handler == kIgnore) return true;
  return action.handler == 0 &&
         (signal == SIGCHLD || signal == SIGCONT || signal == SIGURG || signal == SIGWINCH || stops_by_default(signal));
}

ThreadState* thread_with_id(Kernel& kernel, std::uint32_t id) {
  for (std::uint64_t index = 0; index < kernel.threads.count(); ++index) {
    ThreadState& thread = kernel.threads.state(index);
    if (thread.is(ThreadHold::kHeld) && thread.thread_id == id) return &thread;
  }
  return nullptr;
}

bool takes(const ThreadState& thread, std::uint64_t signal) {
  return thread.is(ThreadHold::kHeld) && (signal_bit(signal) & (~thread.signal_mask | thread.wait_signals)) != 0;
}

// Who handles a signal to the process: who sends it if it may, else any that may. nullptr: all block it.
ThreadState* taker(Kernel& kernel, std::uint64_t signal) {
  if (takes(current_thread(), signal)) return &current_thread();
  for (std::uint64_t index = 0; index < kernel.threads.count(); ++index) {
    if (takes(kernel.threads.state(index), signal)) return &kernel.threads.state(index);
  }
  return nullptr;
}

// It passes `attention` before its application goes on; if it is there already, it has to be fetched.
void rouse(ThreadState& thread) {
  __atomic_store_n(&thread.attention, 1, __ATOMIC_SEQ_CST);
  if (&thread == &current_thread()) return;
  ThreadPhase phase{};
  __atomic_load(&thread.phase, &phase, __ATOMIC_SEQ_CST);
  if (phase == ThreadPhase::kWaiting) ask_host(KeepRequest::kWake, thread.index);
  if (phase == ThreadPhase::kRunning) ask_host(KeepRequest::kInterrupt, thread.index);
}

}  // namespace

bool stops_by_default(std::uint64_t signal) {
  return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

void tell_of_stop(Kernel& kernel, const ThreadState& thread, std::uint64_t signal) {
  if ((__atomic_fetch_or(&kernel.stops_told, signal_bit(signal), __ATOMIC_SEQ_CST) & signal_bit(signal)) != 0) return;
  log(thread,
      Line() << "adyton: signal " << signal
             << " would stop the application, which an SGX enclave cannot do: it goes on as if continued at once. "
                "To stop it, stop the process that it runs in\n");
}

SignalInfo sent_by_this_process(std::int32_t code) {
  return {.code = code, .first = kProcess | std::uint64_t{1000} << 32};
}

std::int64_t send_signal(Kernel& kernel, std::uint32_t target, std::uint64_t signal, const SignalInfo& info) {
  ThreadState* thread = nullptr;
  bool dropped = false, by_default = false;
  {
    // A thread is looked for under the lock below which it ends: what it is sent is not left to its TCS's next.
    const Locked locked(kernel.signal_lock);
    thread = target != 0 ? thread_with_id(kernel, target) : taker(kernel, signal);
    if (target != 0 && thread == nullptr) return -ESRCH;
    by_default = kernel.actions[signal].handler == 0;
    dropped = ignored(kernel.actions[signal], signal) && thread != nullptr &&
              (thread->signal_mask & signal_bit(signal)) == 0 && (thread->wait_signals & signal_bit(signal)) == 0;
    if (info.timer != 0 && kernel.signal_queue.has_timers(info.timer)) return -EALREADY;
    if (!dropped) {
      if (!kernel.signal_queue.add(signal, target, info)) return -EAGAIN;
      std::uint64_t& pending = target != 0 ? thread->pending : kernel.process_pending;
      __atomic_fetch_or(&pending, signal_bit(signal), __ATOMIC_SEQ_CST);
    }
  }
  if (dropped) {
    if (by_default && stops_by_default(signal)) tell_of_stop(kernel, current_thread(), signal);
    return 0;
  }
  if (thread != nullptr) rouse(*thread);
  wake_pollers(kernel);  // of a signalfd
  return 0;
}

void take_no_more_signals(Kernel& kernel, ThreadState& thread) {
  {
    const Locked locked(kernel.signal_lock);
    thread.set_hold(ThreadHold::kEnding);
    thread.signal_mask = ~std::uint64_t{0};
    kernel.signal_queue.forget(thread.thread_id);
    __atomic_store_n(&thread.pending, 0, __ATOMIC_SEQ_CST);
  }
  std::uint64_t left = __atomic_load_n(&kernel.process_pending, __ATOMIC_SEQ_CST);
  for (; left != 0; left &= left - 1) {
    ThreadState* other = taker(kernel, static_cast<std::uint64_t>(__builtin_ctzll(left)) + 1);
    if (other != nullptr) rouse(*other);
  }
}

std::uint64_t take_signal(Kernel& kernel, ThreadState& thread, std::uint64_t set, SignalInfo& info) {
  const Locked locked(kernel.signal_lock);
  const std::uint64_t ready = signals_for(kernel, thread) & set;
  if (ready == 0) return 0;
  const auto signal = static_cast<std::uint64_t>(__builtin_ctzll(ready)) + 1;
  const bool own = (thread.pending & signal_bit(signal)) != 0;
  const std::uint32_t target = own ? thread.thread_id : 0;
  std::uint64_t& pending = own ? thread.pending : kernel.process_pending;
  info = {};
  kernel.signal_queue.take(signal, target, info);
  if (info.timer != 0) info.first |= kernel.timers.take_overrun(info.timer) << 32;
  if (!kernel.signal_queue.has(signal, target)) __atomic_fetch_and(&pending, ~signal_bit(signal), __ATOMIC_SEQ_CST);
  return signal;
}

void take_back_signal(Kernel& kernel, std::uint64_t timer) {
  const Locked locked(kernel.signal_lock);
  std::uint64_t signal = 0;
  std::uint32_t target = 0;
  if (!kernel.signal_queue.take_timers(timer, signal, target) || kernel.signal_queue.has(signal, target)) return;
  ThreadState* thread = target != 0 ? thread_with_id(kernel, target) : nullptr;
  if (target != 0 && thread == nullptr) return;
  __atomic_fetch_and(target != 0 ? &thread->pending : &kernel.process_pending, ~signal_bit(signal), __ATOMIC_SEQ_CST);
}

void attend(Kernel& kernel, ThreadState& thread) {
  __atomic_store_n(&thread.attention, 0, __ATOMIC_SEQ_CST);
  kernel.timers.host_called(kernel);
  deliver_signals(kernel, thread);
}

}  // namespace adyton::keep
