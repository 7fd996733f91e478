// SPDX-License-Identifier: Apache-2.0
// A debug image that crashes says where: signal, address, and a backtrace as offsets in the image, to which the host
// puts the functions' names (platform/backtrace_names.h). Then it dies by the signal as it would have. Production
// images install nothing.
#include <array>
#include <atomic>
#include <bit>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include "enclave/memory/pool.h"
#include "image/sgx/keep_config.h"

// SAFETY: of the linker: where the image begins, and where its code ends.
extern "C" [[gnu::visibility("hidden")]] const char __ehdr_start[], etext[];

namespace adyton {
namespace {

constexpr std::array kSignals = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
constexpr std::size_t kStackBytes = 128 << 10;
constexpr unsigned kMostLines = 100;

// One write a line, without memory of the heap.
class ReportLine {
 public:
  ReportLine& operator<<(std::string_view text) {
    const std::size_t size = text.size() < sizeof bytes_ - size_ ? text.size() : sizeof bytes_ - size_;
    std::memcpy(bytes_ + size_, text.data(), size);
    size_ += size;
    return *this;
  }
  ReportLine& number(std::uint64_t value, unsigned radix = 10) {
    char digits[64];
    std::size_t at = sizeof digits;
    do {
      digits[--at] = "0123456789abcdef"[value % radix];
      value /= radix;
    } while (value != 0);
    return *this << std::string_view(digits + at, sizeof digits - at);
  }
  void print() {
    *this << "\n";
    if (::write(STDERR_FILENO, bytes_, size_) < 0) return;  // nobody to tell
  }

 private:
  char bytes_[200];
  std::size_t size_ = 0;
};

struct Walk {
  std::uint64_t fault = 0;  // where the signal found the program
  bool called = false;      // `fault` is a return address
  bool found = false;
  unsigned frames = 0, printed = 0;
  std::uint64_t last = 0, repeated = 0;  // of a function that calls itself
};

void print_repeated(Walk& walk) {
  if (walk.repeated == 0) return;
  ReportLine line;
  (line << "adyton:   ... and ").number(walk.repeated) << " more of the same";
  line.print();
  walk.repeated = 0;
}

void print_frame(Walk& walk, std::uint64_t address) {
  if (++walk.frames > 2 && address == walk.last) {
    ++walk.repeated;
    return;
  }
  print_repeated(walk);
  ++walk.printed;
  walk.last = address;
  const auto base = std::bit_cast<std::uint64_t>(&__ehdr_start[0]), end = std::bit_cast<std::uint64_t>(&etext[0]);
  ReportLine line;
  line << "adyton:   #";
  line.number(walk.frames - 1) << (base <= address && address < end ? " image+0x" : " 0x");
  line.number(base <= address && address < end ? address - base : address, 16).print();
}

_Unwind_Reason_Code visit(_Unwind_Context* context, void* argument) {
  auto& walk = *static_cast<Walk*>(argument);
  int before_instruction = 0;
  const std::uint64_t address = _Unwind_GetIPInfo(context, &before_instruction);
  if (!walk.found) {
    // This handler's own frames come first; then, through the signal's frame, what it interrupted.
    walk.found = before_instruction != 0 && address == walk.fault;
    if (!walk.found || !walk.called) return _URC_NO_REASON;
    before_instruction = 0;
  }
  if (walk.printed == kMostLines || address == 0) return _URC_END_OF_STACK;
  print_frame(walk, address - (before_instruction != 0 ? 0 : 1));
  return _URC_NO_REASON;
}

void report(int signal, const siginfo_t& info, ucontext_t& context) {
  const char* name = ::sigdescr_np(signal);
  ReportLine line;
  line << "adyton: crashed by signal ";
  line.number(static_cast<std::uint64_t>(signal)) << " (" << (name != nullptr ? name : "unknown") << ")";
  if (info.si_code > 0) (line << " at address 0x").number(std::bit_cast<std::uint64_t>(info.si_addr), 16);
  (line << ", thread ").number(static_cast<std::uint64_t>(::gettid())) << ":";
  line.print();

  auto& registers = context.uc_mcontext.gregs;
  const greg_t rip = registers[REG_RIP], rsp = registers[REG_RSP];
  const auto address = static_cast<std::uint64_t>(rip);
  Walk walk{.fault = address};
  print_frame(walk, address);
  if (address < std::bit_cast<std::uint64_t>(&__ehdr_start[0]) || address >= std::bit_cast<std::uint64_t>(&etext[0])) {
    // A call of what is no function: its return address is all there is, and the unwinder is shown the caller.
    // SAFETY: the stack as the call left it. If it is not, this is the fault that ends the report.
    registers[REG_RIP] = *reinterpret_cast<const greg_t*>(rsp);
    registers[REG_RSP] = rsp + 8;
    walk.fault = static_cast<std::uint64_t>(registers[REG_RIP]);
    walk.called = true;
  }
  _Unwind_Backtrace(&visit, &walk);
  print_repeated(walk);
  registers[REG_RIP] = rip;
  registers[REG_RSP] = rsp;
}

void handle(int signal, siginfo_t* info, void* context) {
  static std::atomic_flag reporting;
  if (reporting.test_and_set()) {  // by another thread, which is about to end this one
    const timespec second{.tv_sec = 1, .tv_nsec = 0};
    for (;;) ::nanosleep(&second, nullptr);
  }
  report(signal, *info, *static_cast<ucontext_t*>(context));
  struct sigaction as_ever{};
  as_ever.sa_handler = SIG_DFL;
  ::sigaction(signal, &as_ever, nullptr);
  if (info->si_code <= 0) ::raise(signal);  // was sent: again, on return. A fault happens again by itself
}

// By what cannot be told otherwise: in an SGX enclave the measured page, else what the launcher derives from the
// manifest (docs/secret-memory.md).
bool is_debug_image() {
  const std::uint64_t config = ::getauxval(kAuxiliaryKeepConfig);
  // SAFETY: the keep kernel's measured page, whose address it gives.
  if (config != 0) return reinterpret_cast<const KeepConfig*>(config)->debug == 1;
  return pool_active() && pool_state.asked == 0;
}

// The linker is told to want this symbol, which brings in this file. Before the program's own handlers, which replace
// these.
extern "C" [[gnu::constructor(102)]] void adyton_crash_report() {
  if (!is_debug_image()) return;
  // The first thread's handlers have a stack of their own, so that its overflow is told, too.
  // SAFETY: new memory, which stays.
  void* memory = ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  const stack_t stack{.ss_sp = memory, .ss_flags = 0, .ss_size = kStackBytes};
  ::sigaltstack(&stack, nullptr);
  struct sigaction action{};
  action.sa_sigaction = &handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | kCrashReport;
  for (const int signal : kSignals) sigaddset(&action.sa_mask, signal);
  for (const int signal : kSignals) ::sigaction(signal, &action, nullptr);
}

}  // namespace
}  // namespace adyton
