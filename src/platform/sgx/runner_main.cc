// SPDX-License-Identifier: Apache-2.0
// The program that is an SGX enclave's host: in a sandbox of its own (docs/sgx.md) it loads the pages into the emulator
// or the processor, lets threads into the enclave, does what the keep kernel asks for, and ends as the application
// ended. Descriptor 3 is the channel, which the enclave maps and this program does not look into; from 4 on, see
// runner_orders.h.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error.h"
#include "call/shared_memory.h"
#include "image/sgx/sigstruct.h"
#include "platform/process/orders.h"
#include "platform/process/syscall_policy.h"
#include "platform/sgx/debugger_stop.h"
#include "platform/sgx/host_requests.h"
#include "platform/sgx/runner_orders.h"
#include "platform/sgx_device/handed_kernel.h"
#include "platform/sgx_device/probe.h"
#include "platform/sgx_device/sgx_device.h"
#include "platform/sgx_emulator/emulator.h"

namespace adyton {
namespace {

constexpr int kCouldNotRun = 125;  // exit status, as programs have it that run other programs
constexpr std::size_t kMostChannelBytes = std::size_t{64} << 30;

Result<Secret> read_orders(const Descriptor& file) {
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return io_error("the orders: {}", errno_text(errno));
  Secret out(static_cast<std::size_t>(info.st_size));
  const auto bytes = out.expose_mutable();
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t taken = ::pread(file.get(), &bytes[done], bytes.size() - done, static_cast<off_t>(done));
    if (taken <= 0) return io_error("the orders end after {} bytes", done);
    done += static_cast<std::size_t>(taken);
  }
  return out;
}

Result<std::unique_ptr<SgxDevice>> device_for(const RunnerOrders& orders) {
  if (orders.fuses) {
    return make_sgx_emulator(TRY(SgxFuses::decode(orders.fuses->expose())), {.strict = orders.strict});
  }
  const SgxDeviceOptions options;
  return make_sgx_device(sgx::make_handed_kernel(
      sgx::make_kernel(), {{options.enclave_path, kHandedDevice}, {options.provision_path, kHandedDevice + 1}}));
}

Result<KeepEnd> run(KeepStart start) {
  std::unique_ptr<SgxDevice> device;
  std::unique_ptr<SgxEnclave> enclave;
  std::vector<std::uint64_t> threads;
  {
    const Secret encoded = TRY(read_orders(Descriptor(supervisor::kFirstHandedDescriptor)));
    const ParsedRunnerOrders orders = TRY(parse_runner_orders(encoded.expose()));
    const Sigstruct sigstruct = TRY(parse_sigstruct(orders.sigstruct));
    device = TRY(device_for(orders));
    enclave = TRY(load_sgx_enclave(*device, orders.plan, sigstruct));
    threads = orders.plan.tcs_offsets;
    start.files = orders.files;
    if (orders.trace != 0) start.trace = static_cast<int>(orders.trace);
    if (orders.debugger) stop_for_debugger(enclave->base() + orders.plan.app_offset);
  }
  const auto channel = TRY(SharedMemory::open(Descriptor(supervisor::kChannelDescriptor), 1, kMostChannelBytes));
  start.memory = channel.bytes();
  return run_keep(*enclave, threads, start);
}

// Ends as the application would have ended as a process. Of a signal that only stops nobody ends, whoever says so: the
// runner would wait for ever.
[[noreturn]] void end_by_signal(int signal) {
  if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU) std::_Exit(128 + signal);
  std::signal(signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
  ::raise(signal);
  std::_Exit(128 + signal);
}

}  // namespace

// Whether the device can be used here its host has asked before it started this program, which has no part of that: it
// would bring Intel's quoting library and the service's protocol into the sandbox.
std::vector<BackendCheck> sgx::probe_device(Kernel&, const SgxDeviceOptions&) { return {}; }

}  // namespace adyton

int main(int count, char** arguments, char** environment) {
  using namespace adyton;
  std::signal(SIGPIPE, SIG_IGN);  // is the application's: the keep kernel hears of EPIPE
  KeepStart start{.arguments = {arguments, arguments + count},
                  .streams = {.input = STDIN_FILENO, .output = STDOUT_FILENO, .error = STDERR_FILENO}};
  for (char** variable = environment; *variable != nullptr; ++variable) start.environment.emplace_back(*variable);
  const auto end = run(std::move(start));
  if (!end) {
    std::fprintf(stderr, "adyton: %s\n", end.error().message.c_str());
    std::_Exit(kCouldNotRun);
  }
  if (end->signal != 0) end_by_signal(end->signal);
  std::_Exit(end->status);
}
