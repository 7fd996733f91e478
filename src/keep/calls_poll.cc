// SPDX-License-Identifier: Apache-2.0
// poll() and select().
#include "keep/calls.h"
#include "keep/readiness.h"
#include "keep/signals.h"

namespace adyton::keep {
namespace {

struct Polled {  // struct pollfd
  std::int32_t descriptor;
  std::int16_t wanted, found;
};

class PollSource {
 public:
  PollSource(Kernel& kernel, Polled* list, std::uint64_t count) : kernel_(kernel), list_(list), count_(count) {}
  [[nodiscard]] std::uint64_t count() const { return count_; }
  void begin() {
    for (std::uint64_t index = 0; index < count_; ++index) list_[index].found = 0;
  }
  bool get(std::uint64_t index, const OpenFile*& file, std::uint32_t& wanted) {
    const Polled one = list_[index];
    if (one.descriptor < 0) return false;
    held_ = Held(kernel_, static_cast<std::uint32_t>(one.descriptor));
    file = held_.get();
    wanted = static_cast<std::uint16_t>(one.wanted);
    return true;
  }
  void let_go() { held_ = {}; }
  std::int64_t report(std::uint64_t index, const OpenFile&, std::uint32_t found) {
    list_[index].found = static_cast<std::int16_t>(found);
    return 1;
  }

 private:
  Kernel& kernel_;
  Held held_;
  Polled* list_;
  std::uint64_t count_;
};

constexpr std::uint64_t kSetWords = Descriptors::kMost / 64;
struct Sets {
  std::uint64_t words[3][kSetWords]{};  // to read, to write, exceptional
};
constexpr std::uint32_t kMeaning[3] = {kReadable | POLLHUP | POLLERR, kWritable | POLLERR, POLLPRI};

class SelectSource {
 public:
  SelectSource(Kernel& kernel, const Sets& wanted, std::uint64_t count)
      : kernel_(kernel), wanted_(wanted), count_(count) {}
  [[nodiscard]] std::uint64_t count() const { return count_; }
  void begin() { found_ = {}; }
  bool get(std::uint64_t index, const OpenFile*& file, std::uint32_t& wanted) {
    wanted = 0;
    for (int set = 0; set < 3; ++set) wanted |= has(wanted_, set, index) ? kMeaning[set] : 0;
    if (wanted == 0) return false;
    held_ = Held(kernel_, index);
    file = held_.get();
    return file != nullptr;
  }
  void let_go() { held_ = {}; }
  std::int64_t report(std::uint64_t index, const OpenFile&, std::uint32_t found) {
    std::int64_t bits = 0;
    for (int set = 0; set < 3; ++set) {
      if (!has(wanted_, set, index) || (found & kMeaning[set]) == 0) continue;
      found_.words[set][index / 64] |= std::uint64_t{1} << (index % 64);
      ++bits;
    }
    return bits;
  }
  [[nodiscard]] const Sets& found() const { return found_; }

 private:
  static bool has(const Sets& sets, int set, std::uint64_t index) {
    return (sets.words[set][index / 64] >> (index % 64) & 1) != 0;
  }
  Kernel& kernel_;
  Held held_;
  const Sets& wanted_;
  Sets found_;
  std::uint64_t count_;
};

// poll() of one.
class OneSource {
 public:
  OneSource(const OpenFile& file, std::uint32_t wanted) : file_(file), wanted_(wanted) {}
  [[nodiscard]] std::uint64_t count() const { return 1; }
  void begin() {}
  void let_go() {}  // the caller holds it
  bool get(std::uint64_t, const OpenFile*& file, std::uint32_t& wanted) const {
    file = &file_;
    wanted = wanted_;
    return true;
  }
  std::int64_t report(std::uint64_t, const OpenFile&, std::uint32_t) { return 1; }

 private:
  const OpenFile& file_;
  const std::uint32_t wanted_;
};

}  // namespace

std::int64_t wait_for_one(Kernel& kernel, ThreadState& thread, const OpenFile& file, std::uint32_t wanted,
                          const Time* most) {
  OneSource source(file, wanted);
  return wait_until_ready(kernel, thread, source, most);
}

std::int64_t call_poll(Kernel& kernel, ThreadState& thread, std::uint64_t list, std::uint64_t count, const Time* most) {
  if (count > Descriptors::kMost) return -EINVAL;
  auto* polled = kernel.user.out<Polled>(list, count);
  if (polled == nullptr && count > 0) return -EFAULT;
  PollSource source(kernel, polled, count);
  return wait_until_ready(kernel, thread, source, most);
}

std::int64_t call_select(Kernel& kernel, ThreadState& thread, const Frame& frame, const Time* most) {
  const std::uint64_t addresses[3] = {frame.rsi, frame.rdx, frame.r10};
  if (static_cast<std::int32_t>(frame.rdi) < 0) return -EINVAL;
  const std::uint64_t given = frame.rdi & 0xffffffff, count = given < Descriptors::kMost ? given : Descriptors::kMost;
  const std::uint64_t words = (count + 63) / 64;
  Sets wanted;
  std::uint64_t* out[3]{};
  for (int set = 0; set < 3; ++set) {
    if (addresses[set] == 0) continue;
    out[set] = kernel.user.out<std::uint64_t>(addresses[set], words);
    if (out[set] == nullptr) return -EFAULT;
    for (std::uint64_t index = 0; index < count; ++index) {
      if ((out[set][index / 64] >> (index % 64) & 1) == 0) continue;
      if (!kernel.descriptors.has(index)) return -EBADF;
      wanted.words[set][index / 64] |= std::uint64_t{1} << (index % 64);
    }
  }
  SelectSource source(kernel, wanted, count);
  const std::int64_t ready = wait_until_ready(kernel, thread, source, most);
  if (ready < 0) return ready;
  for (int set = 0; set < 3; ++set) {
    for (std::uint64_t word = 0; word < words && out[set] != nullptr; ++word) {
      out[set][word] = source.found().words[set][word];
    }
  }
  return ready;
}

std::int64_t take_mask(Kernel& kernel, ThreadState& thread, std::uint64_t address, std::uint64_t bytes) {
  if (address == 0) return 0;
  if (bytes != 8) return -EINVAL;
  const auto* mask = kernel.user.in<std::uint64_t>(address);
  if (mask == nullptr) return -EFAULT;
  change_mask_for_call(thread, *mask);
  return 0;
}

// What is left of a time limit, for who looks there; constants stay what they are.
template <typename Wait>
std::int64_t tell_left(Kernel& kernel, std::uint64_t address, const Time& most, Wait&& wait) {
  const Time end = kernel.clock.now(Clock::kMonotonic) + most;
  const std::int64_t done = wait(&most);
  auto* left = kernel.user.out<Time>(address);
  if (left != nullptr) *left = time_of(nanoseconds_from(kernel.clock.now(Clock::kMonotonic), end));
  return done;
}

std::int64_t call_ppoll(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const auto* given = frame.rdx != 0 ? kernel.user.in<Time>(frame.rdx) : nullptr;
  if (frame.rdx != 0 && given == nullptr) return -EFAULT;
  const Time most = given != nullptr ? *given : Time{};
  if (!most.valid()) return -EINVAL;
  if (const std::int64_t error = take_mask(kernel, thread, frame.r10, frame.r8); error < 0) return error;
  const auto wait = [&](const Time* limit) { return call_poll(kernel, thread, frame.rdi, frame.rsi, limit); };
  return given != nullptr ? tell_left(kernel, frame.rdx, most, wait) : wait(nullptr);
}

std::int64_t call_pselect(Kernel& kernel, ThreadState& thread, const Frame& frame) {
  const auto* given = frame.r8 != 0 ? kernel.user.in<Time>(frame.r8) : nullptr;
  const auto* mask = frame.r9 != 0 ? kernel.user.in<std::uint64_t>(frame.r9, 2) : nullptr;
  if ((frame.r8 != 0 && given == nullptr) || (frame.r9 != 0 && mask == nullptr)) return -EFAULT;
  const Time most = given != nullptr ? *given : Time{};
  if (!most.valid()) return -EINVAL;
  if (mask != nullptr) {
    if (const std::int64_t error = take_mask(kernel, thread, mask[0], mask[1]); error < 0) return error;
  }
  const auto wait = [&](const Time* limit) { return call_select(kernel, thread, frame, limit); };
  return given != nullptr ? tell_left(kernel, frame.r8, most, wait) : wait(nullptr);
}

}  // namespace adyton::keep
