// SPDX-License-Identifier: Apache-2.0
// Brings a thread out of an enclave of the processor's. Any signal makes it leave by an asynchronous exit, but when the
// handler is done it goes on at the vDSO's ENCLU, which resumes the enclave: RIP and RCX are that instruction's
// address, RAX is ERESUME, RBX the TCS (SDM 3D, "Synthetic Extended State and Registers"). So a handler of our own puts
// a leaf that there is none into RAX: that ENCLU is #GP, which the vDSO reports with that leaf instead of a signal.
#pragma once

#include <pthread.h>
#include <sys/ucontext.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>

#include <adyton/result.h>

namespace adyton::sgx {

inline constexpr int kInterruptSignal = 63;             // SIGRTMAX - 1
inline constexpr std::uint32_t kInterruptedLeaf = ~0u;  // run->function of a thread that was brought out

// Installs the handler, once for the process. What handler there was is called after it. Errors: io.
Result<void> install_interruption();

// The threads that are in one enclave, or about to be. Thread-safe.
class Interruption {
 public:
  // This thread, by this TCS, as long as this is alive.
  class Inside {
   public:
    Inside(Interruption& all, std::uint64_t tcs);
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    ~Inside();

    void interrupt();  // one signal at a time: they would queue
    // In the handler: the registers of a thread that comes out instead of resuming, if it is about to.
    void come_out(ucontext_t& context);

   private:
    Interruption& all_;
    const std::uint64_t tcs_;
    const pthread_t thread_;
    Inside* const before_;  // the entry that a signal handler, which enters as well, has interrupted
    std::atomic<bool> sent_ = false;
  };

  // Sends the signal to who is there by this TCS.
  void interrupt(std::uint64_t tcs);

 private:
  std::mutex mutex_;
  std::map<std::uint64_t, Inside*> threads_;  // by the TCS's address
};

}  // namespace adyton::sgx
