// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/host_requests.h"

#include <cpuid.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <x86intrin.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <ctime>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "platform/sgx/host_descriptors.h"
#include "platform/sgx/host_futex.h"
#include "platform/sgx/interrupter.h"
#include "platform/sgx/trace_lines.h"

namespace adyton {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kDay = 86'400'000'000'000;  // longer sleeps are asked for again

std::uint64_t number(auto value) { return static_cast<std::uint64_t>(value); }

// What one thread of the enclave has of the host.
struct HostThread {
  std::unique_ptr<HostPage> page = std::make_unique<HostPage>();
  std::mutex mutex;
  std::condition_variable changed;
  bool woken = false;  // of kWait and kPoll
  bool polls = false;  // asleep in poll(), which `event` ends
  Descriptor event{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  // It is to look for signals and timers: set by interrupt(), until the keep kernel has been told.
  std::atomic<bool> looks = false;
  std::atomic<bool> away = true;  // idle, or outside for a request: told when it goes back, without an exit of its own
  std::atomic<clockid_t> clock = CLOCK_MONOTONIC;       // of its processor time
  std::atomic<std::chrono::nanoseconds> used_before{};  // what that was when the enclave's thread was started
  std::atomic<std::uint64_t> sleeps_on = 0;             // address of the word of KeepStart::memory, 0: none
  bool wanted = false;                                  // of kStartThread, not yet entered
  std::thread runner;                                   // of all but the first
};

class KeepHost {
 public:
  KeepHost(SgxEnclave& enclave, const std::vector<std::uint64_t>& tcs_offsets, const KeepStart& start)
      : enclave_(enclave),
        tcs_offsets_(tcs_offsets),
        descriptors_(start.streams, start.files),
        trace_(start.trace),
        memory_(start.memory),
        threads_(tcs_offsets.size()) {}

  Result<KeepEnd> run(const SgxRegisters& start, BytesView strings) {
    std::ranges::transform(strings, threads_[0].page->data, [](std::byte byte) { return std::uint8_t(byte); });
    SgxRegisters registers = start;
    registers.rsi = address_of_page(0);
    run_thread(0, registers);
    serve_starts(0);
    for (HostThread& thread : threads_) {
      if (thread.runner.joinable()) thread.runner.join();
    }
    const std::scoped_lock locked(end_mutex_);
    return *std::move(end_);
  }

 private:
  [[nodiscard]] std::uint64_t address_of_page(std::uint64_t index) const {
    return std::bit_cast<std::uint64_t>(threads_[index].page.get());
  }

  Result<SgxEntryEnd> enter(std::uint64_t index, SgxLeaf leaf, const SgxRegisters& registers) {
    // Who ended it has looked already, and will not interrupt this thread.
    if (ended()) return SgxEntryEnd{.registers = {.rdi = number(KeepExit::kThreadEnded)}};
    return enclave_.enter(tcs_offsets_[index], leaf, registers);
  }

  // The keep kernel looks at why the thread came out. What interrupts it then is none of its business.
  Result<SgxEntryEnd> look(std::uint64_t index, const SgxRegisters& registers) {
    Result<SgxEntryEnd> left = enter(index, SgxLeaf::kEenter, registers);
    while (left && left->interrupted) {
      threads_[index].looks = true;  // again, when that is done
      left = enter(index, SgxLeaf::kEresume, {});
    }
    return left;
  }

  // One run of a thread, from its start to its end.
  void run_thread(std::uint64_t index, SgxRegisters registers) {
    clockid_t own{};
    if (pthread_getcpuclockid(pthread_self(), &own) == 0) threads_[index].clock = own;
    threads_[index].used_before = time_of(own);
    SgxLeaf leaf = SgxLeaf::kEenter;
    HostThread& thread = threads_[index];
    const struct Leaves {
      std::atomic<bool>& away;
      ~Leaves() { away = true; }
    } leaves{thread.away};
    while (!ended()) {
      thread.away = false;  // from here on an interruption is repeated until the thread has looked
      if (registers.rdi == number(KeepEntry::kAnswer) && thread.looks.exchange(false)) {
        registers.rdi = number(KeepEntry::kAnswerAndLook);
      }
      const Result<SgxEntryEnd> left = enter(index, leaf, registers);
      if (!left) return end(left.error());
      if (left->interrupted) {
        thread.looks = false;
        const Result<SgxEntryEnd> looked = look(index, {.rdi = number(KeepEntry::kInterrupt)});
        if (!looked) return end(looked.error());
        leaf = SgxLeaf::kEresume;
        registers = {};
        continue;
      }
      if (left->function != SgxLeaf::kEexit) {
        // The keep kernel looks at the exception itself. What it refuses to see is not its to handle.
        const Result<SgxEntryEnd> handled = look(index, {.r8 = left->exception_address});
        if (!handled) return end(handled.error());
        if (handled->registers.rdi != number(KeepExit::kResume)) return end_after_exception(*left, *handled);
        leaf = SgxLeaf::kEresume;
        registers = {};
        continue;
      }
      leaf = SgxLeaf::kEenter;
      switch (KeepExit{left->registers.rdi}) {
        case KeepExit::kRequest:
          thread.away = true;
          registers = answer(index, left->registers);
          break;
        case KeepExit::kThreadEnded:
          if (left->registers.rsi != 0) rouse(left->registers.rsi - 1);
          return;
        case KeepExit::kExited: return end(KeepEnd{.status = static_cast<int>(left->registers.rsi & 0xff)});
        case KeepExit::kKilled:
          return end(KeepEnd{.signal = static_cast<int>(left->registers.rsi), .offset = left->registers.rdx});
        case KeepExit::kRefused:
          return end(
              internal("the keep kernel refused thread {}: {}", index, describe(KeepRefusal{left->registers.rsi})));
        case KeepExit::kFailed:
          return end(internal("the keep kernel gave up: {}", describe(KeepFailure{left->registers.rsi})));
        default: return end(internal("the enclave left for a reason that is none ({})", left->registers.rdi));
      }
    }
  }

  void end_after_exception(const SgxEntryEnd& exception, const SgxEntryEnd& handled) {
    if (handled.registers.rdi == number(KeepExit::kFailed)) {
      return end(internal("the keep kernel gave up: {} (vector {}, address {:#x})",
                          describe(KeepFailure{handled.registers.rsi}), exception.exception_vector,
                          exception.exception_address));
    }
    constexpr int kSegmentationFault = 11;  // page and protection faults are told to the host alone (MISCSELECT 0)
    if (handled.registers.rsi == number(KeepRefusal::kNoException) &&
        (exception.exception_vector == 13 || exception.exception_vector == 14)) {
      return end(KeepEnd{.signal = kSegmentationFault, .offset = exception.exception_address - enclave_.base()});
    }
    end(internal("exception {} in the enclave, and the keep kernel refused it: {}", exception.exception_vector,
                 describe(KeepRefusal{handled.registers.rsi})));
  }

  SgxRegisters answer(std::uint64_t index, const SgxRegisters& request) {
    SgxRegisters out{.rdi = number(KeepEntry::kAnswer)};
    switch (KeepRequest{request.rsi}) {
      case KeepRequest::kWrite:
        out.rsi = descriptors_.write(request.rdx, {threads_[index].page->data, clamp(request.r8)});
        break;
      case KeepRequest::kRead: out.rsi = read(index, request.r8); break;
      case KeepRequest::kPoll: poll(index, request.rdx, request.r8); break;
      case KeepRequest::kAlarm: alarm(request.rdx, request.r8); break;
      case KeepRequest::kInterrupt:
        wake(request.rdx, &HostThread::woken);
        if (request.rdx < threads_.size()) interrupt(request.rdx);
        break;
      case KeepRequest::kClock: std::tie(out.rsi, out.rdx) = time(request.rdx, request.r8); break;
      case KeepRequest::kWait: wait(index, request.rdx); break;
      case KeepRequest::kWake: rouse(request.rdx); break;
      case KeepRequest::kStartThread: out.rsi = start(request.rdx); break;
      case KeepRequest::kCpuid: {
        unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
        __cpuid_count(request.rdx, request.r8, eax, ebx, ecx, edx);
        out = {.rdi = out.rdi, .rsi = eax, .rdx = ebx, .r8 = ecx, .r9 = edx};
        break;
      }
      case KeepRequest::kTimestamp: out.rsi = __rdtsc(); break;
      case KeepRequest::kYield: std::this_thread::yield(); break;
      case KeepRequest::kHostMemory:
        out.rsi = memory_.empty() ? 0 : std::bit_cast<std::uint64_t>(memory_.data());
        out.rdx = memory_.size();
        break;
      case KeepRequest::kHostFutexWait: out.rsi = futex_wait(index, request.rdx, request.r8, request.r9); break;
      case KeepRequest::kHostFutexWake:
        out.rsi = in_memory(request.rdx) ? wake_sleepers(request.rdx, request.r8) : number(-EFAULT);
        break;
      case KeepRequest::kAffinity: out.rsi = set_affinity(request.rdx); break;
      case KeepRequest::kProcessor: out.rsi = number(sched_getcpu()); break;
      case KeepRequest::kNotThere: name_call(request.rdx); break;
      case KeepRequest::kTerminal: std::tie(out.rsi, out.rdx) = descriptors_.terminal(request.rdx); break;
      case KeepRequest::kTrace: out.rsi = trace_ >= 0 ? 1 : 0; break;
      case KeepRequest::kTraceCall: trace(index); break;
      default:
        out.rsi = descriptors_.request(KeepRequest{request.rsi}, request.rdx, request.r8, request.r9,
                                       threads_[index].page->data, out.rdx);
    }
    return out;
  }

  // Seconds and nanoseconds, since the start where that is what a clock counts from.
  std::pair<std::uint64_t, std::uint64_t> time(std::uint64_t clock, std::uint64_t index) {
    std::chrono::nanoseconds now{};
    switch (clock) {
      case CLOCK_REALTIME: now = time_of(CLOCK_REALTIME); break;
      case CLOCK_PROCESS_CPUTIME_ID: now = time_of(CLOCK_PROCESS_CPUTIME_ID) - used_before_; break;
      case CLOCK_THREAD_CPUTIME_ID:
        if (index < threads_.size()) now = time_of(threads_[index].clock) - threads_[index].used_before.load();
        break;
      default: now = time_of(CLOCK_MONOTONIC);
    }
    const auto count = number(std::max(now, std::chrono::nanoseconds{}).count());
    return {count / kSecond, count % kSecond};
  }

  static std::chrono::nanoseconds time_of(clockid_t clock) {
    timespec now{};
    if (clock_gettime(clock, &now) != 0) return {};  // a thread's that has ended
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  }

  static std::size_t clamp(std::uint64_t bytes) { return std::min<std::uint64_t>(bytes, HostPage::kDataBytes); }

  void name_call(std::uint64_t system_call) {
    const std::string text = fmt::format("adyton: {} (system call {}) is not there in an SGX enclave (ENOSYS)\n",
                                         name_of_system_call(system_call), system_call);
    const std::vector<std::uint8_t> line(text.begin(), text.end());
    (void)descriptors_.write(STDERR_FILENO, line);
  }

  // One write a line: lines of several threads do not mix.
  void trace(std::uint64_t index) {
    TraceRecord record;
    std::memcpy(&record, threads_[index].page->data, sizeof record);
    const std::string line = describe(record) + "\n";
    if (trace_ >= 0 && ::write(trace_, line.data(), line.size()) < 0) return;  // nobody to tell
  }

  std::uint64_t read(std::uint64_t index, std::uint64_t bytes) {
    // A thread that waits for input does not keep the others from ending, and hears of signals.
    const bool ready = asleep(index, [&](int event) { return descriptors_.wait_for_input(event); });
    if (ended()) return 0;
    return ready ? descriptors_.read(0, {threads_[index].page->data, clamp(bytes)}) : number(-EINTR);
  }

  void poll(std::uint64_t index, std::uint64_t nanoseconds, std::uint64_t count) {
    const std::span<std::uint8_t> page(threads_[index].page->data);
    asleep(index, [&](int event) { return descriptors_.poll(page, count, nanoseconds, event); });
  }

  // `sleep` until it is over or `event` can be read.
  bool asleep(std::uint64_t index, auto&& sleep) {
    HostThread& thread = threads_[index];
    {
      const std::scoped_lock locked(thread.mutex);
      thread.polls = true;
      if (thread.woken || ended()) eventfd_write(thread.event.get(), 1);
    }
    const bool done = sleep(thread.event.get());
    const std::scoped_lock locked(thread.mutex);
    thread.polls = thread.woken = false;
    eventfd_t ignored = 0;
    eventfd_read(thread.event.get(), &ignored);
    return done;
  }

  void alarm(std::uint64_t nanoseconds, std::uint64_t index) {
    if (nanoseconds == kForever || index >= threads_.size()) return interrupter_.alarm(std::nullopt, 0);
    interrupter_.alarm(std::chrono::steady_clock::now() + std::chrono::nanoseconds(std::min(nanoseconds, kDay)), index);
  }

  [[nodiscard]] bool in_memory(std::uint64_t word) const {
    const auto begin = std::bit_cast<std::uint64_t>(memory_.data());
    return word % 4 == 0 && word >= begin && word - begin < memory_.size();
  }

  std::uint64_t futex_wait(std::uint64_t index, std::uint64_t word, std::uint64_t expected, std::uint64_t nanoseconds) {
    if (!in_memory(word)) return number(-EFAULT);
    const timespec until{.tv_sec = static_cast<time_t>(nanoseconds / kSecond),
                         .tv_nsec = static_cast<long>(nanoseconds % kSecond)};
    std::atomic<std::uint64_t>& sleeps_on = threads_[index].sleeps_on;
    sleeps_on.store(word);
    // Whoever ends the application or interrupts this thread sees that it may be asleep, or is seen here.
    const int error = ended() || threads_[index].looks ? EINTR
                                                       : sleep_on_word(word, static_cast<std::uint32_t>(expected),
                                                                       nanoseconds == kForever ? nullptr : &until);
    sleeps_on.store(0);
    return number(-error);
  }

  std::uint64_t set_affinity(std::uint64_t wanted) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int processor = 0; processor < 64; ++processor) {
      if ((wanted >> processor & 1) != 0) CPU_SET(processor, &set);
    }
    if (wanted != 0 && sched_setaffinity(0, sizeof set, &set) != 0) return 0;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
    std::uint64_t mask = 0;
    for (int processor = 0; processor < 64; ++processor) {
      if (CPU_ISSET(processor, &set)) mask |= std::uint64_t{1} << processor;
    }
    return mask;
  }

  void wait(std::uint64_t index, std::uint64_t nanoseconds) {
    HostThread& thread = threads_[index];
    std::unique_lock locked(thread.mutex);
    const auto over = [&] { return thread.woken || ended(); };
    thread.changed.wait_for(locked, std::chrono::nanoseconds(std::min(nanoseconds, kDay)), over);
    thread.woken = false;
  }

  void wake(std::uint64_t index, bool HostThread::* what) {
    if (index >= threads_.size()) return;
    HostThread& thread = threads_[index];
    {
      const std::scoped_lock locked(thread.mutex);
      thread.*what = true;
      if (thread.polls) eventfd_write(thread.event.get(), 1);
    }
    thread.changed.notify_all();
  }

  void rouse(std::uint64_t index) {
    wake(index, &HostThread::woken);
    if (index < threads_.size() && threads_[index].sleeps_on != 0) interrupt(index);
  }

  std::uint64_t start(std::uint64_t index) {
    if (index >= threads_.size()) return number(-EINVAL);
    HostThread& thread = threads_[index];
    try {
      const std::scoped_lock locked(thread.mutex);
      if (index != 0 && !thread.runner.joinable()) thread.runner = std::thread([this, index] { serve_starts(index); });
    } catch (const std::exception&) {
      return number(-EAGAIN);
    }
    wake(index, &HostThread::wanted);
    return 0;
  }

  // Enters the TCS as often as the application wants a thread there, until it ends.
  void serve_starts(std::uint64_t index) {
    HostThread& thread = threads_[index];
    while (true) {
      {
        std::unique_lock locked(thread.mutex);
        thread.changed.wait(locked, [&] { return thread.wanted || ended(); });
        if (ended()) return;
        thread.wanted = false;
      }
      run_thread(index, {.rdi = number(KeepEntry::kStart), .rsi = address_of_page(index)});
    }
  }

  void interrupt(std::uint64_t index) {
    threads_[index].looks = true;
    interrupter_.now(index);
  }

  bool ended() const { return has_ended_.load(); }

  void end(Result<KeepEnd> how) {
    {
      const std::scoped_lock locked(end_mutex_);
      if (!end_) end_ = std::move(how);
    }
    has_ended_.store(true);
    for (std::uint64_t index = 0; index < threads_.size(); ++index) {
      wake(index, &HostThread::woken);
      if (!threads_[index].away) interrupt(index);
      // The same for who sleeps on a word: again and again, as it may only be about to.
      const std::atomic<std::uint64_t>& sleeps_on = threads_[index].sleeps_on;
      for (std::uint64_t word = sleeps_on.load(); word != 0; word = sleeps_on.load()) {
        wake_sleepers(word, ~std::uint64_t{0});
        std::this_thread::yield();
      }
    }
  }

  SgxEnclave& enclave_;
  const std::vector<std::uint64_t>& tcs_offsets_;
  HostDescriptors descriptors_;
  const int trace_;
  const std::span<std::byte> memory_;
  std::vector<HostThread> threads_;
  const std::chrono::nanoseconds used_before_ = time_of(CLOCK_PROCESS_CPUTIME_ID);
  std::atomic<bool> has_ended_ = false;
  std::mutex end_mutex_;
  std::optional<Result<KeepEnd>> end_;
  Interrupter interrupter_{[this](std::uint64_t index) {
                             enclave_.interrupt(tcs_offsets_[index]);
                             if (const std::uint64_t word = threads_[index].sleeps_on; word != 0) {
                               wake_sleepers(word, ~std::uint64_t{0});
                             }
                           },
                           [this](std::uint64_t index) {
                             const HostThread& thread = threads_[index];
                             return thread.looks && (!thread.away || thread.sleeps_on != 0);
                           },
                           [this](std::uint64_t index) {
                             wake(index, &HostThread::woken);
                             threads_[index].looks = true;
                           }};
};

Result<void> append(Bytes& strings, const std::vector<std::string>& list) {
  for (const std::string& text : list) {
    if (text.contains('\0')) return invalid("a zero byte in an argument or variable");
    std::ranges::copy(as_bytes(text), std::back_inserter(strings));
    strings.push_back(std::byte{0});
  }
  return {};
}

}  // namespace

Result<Bytes> start_strings(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
  Bytes out;
  TRY(append(out, arguments));
  TRY(append(out, environment));
  if (out.size() > HostPage::kDataBytes) {
    return exhausted(
        "{} bytes of arguments and environment: an SGX enclave takes at most {}; hand it more by standard input or a "
        "file",
        out.size(), HostPage::kDataBytes);
  }
  return out;
}

Result<KeepEnd> run_keep(SgxEnclave& enclave, const std::vector<std::uint64_t>& tcs_offsets, const KeepStart& start) {
  if (tcs_offsets.empty() || start.arguments.empty()) return invalid("an enclave without threads or without argv[0]");
  const Bytes strings = TRY(start_strings(start.arguments, start.environment));
  KeepHost host(enclave, tcs_offsets, start);
  return host.run({.rdi = number(KeepEntry::kStart),
                   .rdx = strings.size(),
                   .r8 = start.arguments.size(),
                   .r9 = start.environment.size()},
                  strings);
}

}  // namespace adyton
