// SPDX-License-Identifier: Apache-2.0
// The keep kernel's side of keep_interface.h: how it asks the host, and the checks of what comes back. Above the line
// "seam" are functions whose enclave version is in bare/; tests bring their own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "image/sgx/keep_interface.h"
#include "keep/thread_state.h"

namespace adyton::keep {

// Registers as the host left them: nothing in here is true.
struct RawAnswer {
  std::uint64_t result = 0, b = 0, c = 0, d = 0;
};

RawAnswer ask_host(KeepRequest request, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0);
ThreadState& current_thread();
// Out of the enclave for good, as far as this thread goes. The caller has set its phase.
[[noreturn]] void leave(KeepExit exit, std::uint64_t a, std::uint64_t b);
void set_fs_base(std::uint64_t address);
[[nodiscard]] std::uint64_t fs_base();
// -------------------------------------------------------------------------------------------------------------- seam

// A number of bytes or another value of at most `most`; otherwise minus an errno, EIO for what is neither.
std::int64_t checked_result(std::uint64_t raw, std::uint64_t most);

// Whether [address, address + bytes) lies wholly outside [base, base + size) and does not wrap.
[[nodiscard]] bool wholly_outside(std::uint64_t address, std::uint64_t bytes, std::uint64_t base, std::uint64_t size);

// Between enclave memory and HostPage::data of a checked page, in aligned words of eight bytes: the processor's bugs
// with stale buffers want that of untrusted memory (INTEL-SA-00615, INTEL-SA-00657). What is written is padded with
// zeros to a word. `bytes` is at most HostPage::kDataBytes.
void copy_to_host(std::uint64_t page, const void* from, std::size_t bytes);
void copy_from_host(void* to, std::uint64_t page, std::size_t bytes);

}  // namespace adyton::keep
