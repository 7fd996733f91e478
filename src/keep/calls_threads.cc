// SPDX-License-Identifier: Apache-2.0
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/futex.h>
#include <linux/sched.h>

#include "keep/calls.h"
#include "keep/host_interface.h"
#include "keep/signals.h"

namespace adyton::keep {
namespace {

// What makes a thread and not a process; pthread_create() asks for all of these.
constexpr std::uint64_t kOfThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
constexpr std::uint64_t kAllowed = kOfThread | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |
                                   CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | CLONE_DETACHED;

struct NewThread {
  std::uint64_t flags, stack, tls, parent_id, child_id;
};

std::int64_t start_thread(Kernel& kernel, ThreadState& thread, const NewThread& wanted) {
  if ((wanted.flags & kOfThread) != kOfThread) {
    if (not_yet_named(kernel, __NR_fork))
      log(thread, Line() << "adyton: fork: an SGX enclave is one process and cannot start another; use threads\n");
    return -ENOSYS;
  }
  if ((wanted.flags & ~kAllowed) != 0 || wanted.stack == 0) return -EINVAL;
  const bool tell_parent = (wanted.flags & CLONE_PARENT_SETTID) != 0,
             tell_child = (wanted.flags & CLONE_CHILD_SETTID) != 0;
  auto* parent_id = kernel.user.out<std::uint32_t>(wanted.parent_id);
  auto* child_id = kernel.user.out<std::uint32_t>(wanted.child_id);
  if ((tell_parent && parent_id == nullptr) || (tell_child && child_id == nullptr)) return -EFAULT;

  ThreadState* child = kernel.threads.reserve();
  if (child == nullptr) return -EAGAIN;
  const std::uint32_t id = child->thread_id;
  child->frame = thread.frame;
  child->frame.rax = 0;
  child->frame.rsp = wanted.stack;
  child->fs_base = (wanted.flags & CLONE_SETTLS) != 0 ? wanted.tls : fs_base();
  child->signal_mask = thread.signal_mask;
  __builtin_memcpy(child->name, thread.name, sizeof(child->name));
  child->clear_thread_id = (wanted.flags & CLONE_CHILD_CLEARTID) != 0 ? wanted.child_id : 0;
  const std::uint32_t before = tell_parent ? *parent_id : 0;
  if (tell_parent) *parent_id = id;
  if (tell_child) *child_id = id;
  const std::uint64_t index = child->index;
  child->set_phase(ThreadPhase::kWanted);
  if (checked_result(ask_host(KeepRequest::kStartThread, index).result, 0) != 0) {
    // The host may have entered it all the same; then it runs, whatever the host says.
    if (kernel.threads.withdraw(*child, id)) {
      if (tell_parent) *parent_id = before;
      return -EAGAIN;
    }
  }
  return id;
}

bool futex_deadline(Kernel& kernel, std::uint64_t address, bool absolute, Clock::Kind kind, Time& deadline,
                    std::int64_t& error) {
  const auto* asked = kernel.user.in<Time>(address);
  if (asked == nullptr) {
    error = -EFAULT;
    return false;
  }
  deadline = *asked;
  if (!deadline.valid()) {
    error = -EINVAL;
    return false;
  }
  if (!absolute) deadline = kernel.clock.now(kind) + deadline;
  return true;
}

// FUTEX_WAKE_OP, futex(2).
std::int64_t wake_op(Kernel& kernel, const std::uint32_t* word, std::uint32_t* other, const Frame& frame) {
  const auto encoded = static_cast<std::uint32_t>(frame.r9);
  std::uint32_t operand = encoded >> 12 & 0xfff;
  const std::uint32_t compared = encoded & 0xfff, operation = encoded >> 28, comparison = encoded >> 24 & 0xf;
  if ((operation & FUTEX_OP_OPARG_SHIFT) != 0) operand = 1U << (operand & 31);
  std::uint32_t old = 0;
  switch (operation & 7) {
    case FUTEX_OP_SET: old = __atomic_exchange_n(other, operand, __ATOMIC_SEQ_CST); break;
    case FUTEX_OP_ADD: old = __atomic_fetch_add(other, operand, __ATOMIC_SEQ_CST); break;
    case FUTEX_OP_OR: old = __atomic_fetch_or(other, operand, __ATOMIC_SEQ_CST); break;
    case FUTEX_OP_ANDN: old = __atomic_fetch_and(other, ~operand, __ATOMIC_SEQ_CST); break;
    case FUTEX_OP_XOR: old = __atomic_fetch_xor(other, operand, __ATOMIC_SEQ_CST); break;
    default: return -ENOSYS;
  }
  const auto left = static_cast<std::int32_t>(old), right = static_cast<std::int32_t>(compared);
  bool holds = false;
  switch (comparison) {
    case FUTEX_OP_CMP_EQ: holds = left == right; break;
    case FUTEX_OP_CMP_NE: holds = left != right; break;
    case FUTEX_OP_CMP_LT: holds = left < right; break;
    case FUTEX_OP_CMP_LE: holds = left <= right; break;
    case FUTEX_OP_CMP_GT: holds = left > right; break;
    case FUTEX_OP_CMP_GE: holds = left >= right; break;
    default: return -ENOSYS;
  }
  std::int64_t woken = kernel.threads.wake(word, frame.rdx, ~0U);
  if (holds) woken += kernel.threads.wake(other, frame.r10, ~0U);
  return woken;
}

}  // namespace

std::int64_t call_clone(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  return start_thread(kernel, thread,
                      {.flags = frame.rdi & ~std::uint64_t{0xff},
                       .stack = frame.rsi,
                       .tls = frame.r8,
                       .parent_id = frame.rdx,
                       .child_id = frame.r10});
}

std::int64_t call_clone3(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  // struct clone_args, of which the last three fields (set_tid, its size, cgroup) may be missing or zero.
  constexpr std::uint64_t kFirst = 8, kAll = 11;
  if (frame.rsi < kFirst * 8 || frame.rsi % 8 != 0 || frame.rsi > 4096) return -EINVAL;
  const std::uint64_t count = frame.rsi / 8;
  const auto* given = kernel.user.in<std::uint64_t>(frame.rdi, count);
  if (given == nullptr) return -EFAULT;
  std::uint64_t fields[kAll]{};
  for (std::uint64_t index = 0; index < count; ++index) {
    if (index < kAll) fields[index] = given[index];
    if (index >= kFirst && given[index] != 0) return index < kAll ? -EINVAL : -E2BIG;
  }
  const std::uint64_t stack = fields[5], stack_bytes = fields[6];
  if (stack + stack_bytes < stack) return -EINVAL;
  return start_thread(kernel, thread,
                      {.flags = fields[0],
                       .stack = stack + stack_bytes,
                       .tls = fields[7],
                       .parent_id = fields[3],
                       .child_id = fields[2]});
}

namespace {

// The same on a word of the host's memory: no more than the channel needs.
std::int64_t host_futex(Kernel& kernel, const Frame& frame) {
  const auto value = static_cast<std::uint32_t>(frame.rdx);
  const bool real = (frame.rsi & FUTEX_CLOCK_REALTIME) != 0;
  const Clock::Kind kind = real ? Clock::kReal : Clock::kMonotonic;
  switch (frame.rsi & 0xffffffff & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET: {
      const bool absolute = (frame.rsi & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
      Time deadline;
      std::int64_t error = 0;
      if (frame.r10 != 0 && !futex_deadline(kernel, frame.r10, absolute, kind, deadline, error)) return error;
      return HostMemory::wait(frame.rdi, value, frame.r10 != 0 ? &deadline : nullptr, kind, kernel.clock);
    }
    case FUTEX_WAKE: return HostMemory::wake(frame.rdi, value);
    default: return -ENOSYS;
  }
}

}  // namespace

std::int64_t call_futex(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const auto* word = frame.rdi % 4 == 0 ? kernel.user.in<std::uint32_t>(frame.rdi) : nullptr;
  if (word == nullptr) {
    if (frame.rdi % 4 != 0) return -EINVAL;
    return kernel.host_memory.contains(frame.rdi, 4) ? host_futex(kernel, frame) : -EFAULT;
  }
  const std::uint64_t operation = frame.rsi & 0xffffffff;
  const Clock::Kind kind = (operation & FUTEX_CLOCK_REALTIME) != 0 ? Clock::kReal : Clock::kMonotonic;
  const auto value = static_cast<std::uint32_t>(frame.rdx), mask = static_cast<std::uint32_t>(frame.r9);
  switch (operation & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET: {
      const bool bits = (operation & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
      if (bits && mask == 0) return -EINVAL;
      Time deadline;
      std::int64_t error = 0;
      if (frame.r10 != 0 && !futex_deadline(kernel, frame.r10, bits, kind, deadline, error)) return error;
      const std::int64_t waited = kernel.threads.wait(kernel, thread,
                                                      {.word = word,
                                                       .expected = value,
                                                       .mask = bits ? mask : ~0U,
                                                       .deadline = frame.r10 != 0 ? &deadline : nullptr,
                                                       .kind = kind});
      return waited == -EINTR && frame.r10 == 0 ? -kRestart : waited;
    }
    case FUTEX_WAKE: return kernel.threads.wake(word, value, ~0U);
    case FUTEX_WAKE_BITSET: return mask == 0 ? -EINVAL : kernel.threads.wake(word, value, mask);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE: {
      auto* to = kernel.user.out<std::uint32_t>(frame.r8);
      if (to == nullptr) return -EFAULT;
      const auto expected = static_cast<std::uint32_t>(frame.r9);
      return kernel.threads.requeue(word, value, to, frame.r10,
                                    (operation & FUTEX_CMD_MASK) == FUTEX_CMP_REQUEUE ? &expected : nullptr);
    }
    case FUTEX_WAKE_OP: {
      auto* other = kernel.user.out<std::uint32_t>(frame.r8);
      return other == nullptr ? -EFAULT : wake_op(kernel, word, other, frame);
    }
    default: return -ENOSYS;  // priority inheritance
  }
}

std::int64_t call_set_robust_list(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  if (frame.rsi != 24) return -EINVAL;
  if (kernel.user.in<std::uint64_t>(frame.rdi, 3) == nullptr) return -EFAULT;
  thread.robust_list = frame.rdi;
  return 0;
}

namespace {

// A mutex whose owner has died says so, and wakes one who waits for it: set_robust_list(2).
void let_go(Kernel& kernel, const ThreadState& thread, std::uint64_t entry, std::int64_t offset) {
  auto* word = kernel.user.out<std::uint32_t>(entry + static_cast<std::uint64_t>(offset));
  if (word == nullptr) return;
  std::uint32_t value = __atomic_load_n(word, __ATOMIC_SEQ_CST);
  while ((value & FUTEX_TID_MASK) == thread.thread_id) {
    const std::uint32_t next = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
    if (!__atomic_compare_exchange_n(word, &value, next, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) continue;
    if ((value & FUTEX_WAITERS) != 0) kernel.threads.wake(word, 1, ~0U);
    return;
  }
}

void let_go_of_robust_list(Kernel& kernel, const ThreadState& thread) {
  const auto* head = kernel.user.in<std::uint64_t>(thread.robust_list, 3);
  if (head == nullptr) return;
  const auto offset = static_cast<std::int64_t>(head[1]);
  const std::uint64_t pending = head[2];
  std::uint64_t entry = head[0];
  for (int most = 2048; entry != thread.robust_list && most > 0; --most) {
    const auto* next = kernel.user.in<std::uint64_t>(entry & ~std::uint64_t{1});
    if (next == nullptr) break;
    const std::uint64_t following = *next;  // before the owner of the next turn may reuse the memory
    if (entry != pending) let_go(kernel, thread, entry & ~std::uint64_t{1}, offset);
    entry = following;
  }
  if (pending != 0) let_go(kernel, thread, pending & ~std::uint64_t{1}, offset);
}

// The host interrupts another thread when it is time. Who ends meanwhile does the same after having said so, and so
// either is seen here or tells the host later.
void hand_over_alarm(Kernel& kernel) {
  if (!kernel.timers.armed()) return;
  for (std::uint64_t index = 0; index < kernel.threads.count(); ++index) {
    const ThreadState& other = kernel.threads.state(index);
    if (!other.is(ThreadHold::kHeld)) continue;
    kernel.timers.tell_host(kernel, index);
    if (other.is(ThreadHold::kHeld)) return;
  }
}

}  // namespace

void end_thread(Kernel& kernel, ThreadState& thread, std::uint64_t status) {
  if (thread.robust_list != 0) let_go_of_robust_list(kernel, thread);
  take_no_more_signals(kernel, thread);
  hand_over_alarm(kernel);
  auto* word = thread.clear_thread_id != 0 ? kernel.user.out<std::uint32_t>(thread.clear_thread_id) : nullptr;
  const Threads::Parting parting = kernel.threads.part(thread, word);
  if (parting.last) end_application(kernel, thread, KeepExit::kExited, status & 0xff, 0);
  leave(KeepExit::kThreadEnded, parting.to_wake, 0);
}

}  // namespace adyton::keep
