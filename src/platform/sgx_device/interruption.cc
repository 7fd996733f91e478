// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_device/interruption.h"

#include <cerrno>
#include <csignal>

#include "base/error.h"
#include "platform/sgx/device.h"

namespace adyton::sgx {
namespace {

thread_local constinit std::atomic<Interruption::Inside*> entered = nullptr;
static_assert(std::atomic<Interruption::Inside*>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);
struct sigaction before{};  // written once, before there is a handler that reads it

void handle(int signal, siginfo_t* info, void* raw) {
  if (Interruption::Inside* const inside = entered) inside->come_out(*static_cast<ucontext_t*>(raw));
  if ((before.sa_flags & SA_SIGINFO) != 0) {
    before.sa_sigaction(signal, info, raw);
  } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    before.sa_handler(signal);
  }
}

}  // namespace

Result<void> install_interruption() {
  static std::mutex mutex;
  static bool installed = false;
  const std::scoped_lock lock(mutex);
  if (installed) return {};
  struct sigaction ours{};
  ours.sa_sigaction = &handle;
  ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  if (::sigaction(kInterruptSignal, nullptr, &before) != 0 || ::sigaction(kInterruptSignal, &ours, nullptr) != 0) {
    return io_error("a handler of signal {}, which interrupts enclaves: {}", kInterruptSignal, errno_text(errno));
  }
  installed = true;
  return {};
}

Interruption::Inside::Inside(Interruption& all, std::uint64_t tcs)
    : all_(all), tcs_(tcs), thread_(::pthread_self()), before_(entered) {
  entered = this;
  const std::scoped_lock lock(all_.mutex_);
  all_.threads_.emplace(tcs, this);  // or another thread is there, and this one will be refused
}

Interruption::Inside::~Inside() {
  {
    const std::scoped_lock lock(all_.mutex_);
    if (const auto found = all_.threads_.find(tcs_); found != all_.threads_.end() && found->second == this)
      all_.threads_.erase(found);
  }
  entered = before_;
}

void Interruption::Inside::interrupt() {
  if (!sent_.exchange(true)) ::pthread_kill(thread_, kInterruptSignal);
}

void Interruption::Inside::come_out(ucontext_t& context) {
  sent_ = false;
  auto& registers = context.uc_mcontext.gregs;
  const auto in = [&](int name) { return static_cast<std::uint64_t>(registers[name]); };
  // By an asynchronous exit, or because the host is just asking for it: both are resumed by who is brought out.
  if (in(REG_RBX) == tcs_ && in(REG_RIP) == in(REG_RCX) &&
      in(REG_RAX) == static_cast<std::uint64_t>(SgxLeaf::kEresume)) {
    registers[REG_RAX] = greg_t{kInterruptedLeaf};
  }
}

void Interruption::interrupt(std::uint64_t tcs) {
  const std::scoped_lock lock(mutex_);  // as long as it is held, that thread is not gone
  if (const auto found = threads_.find(tcs); found != threads_.end()) found->second->interrupt();
}

}  // namespace adyton::sgx
