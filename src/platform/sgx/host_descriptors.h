// SPDX-License-Identifier: Apache-2.0
// What a program on the keep kernel has of the host's descriptors: its three streams.
#pragma once

#include <cstdint>
#include <span>

#include "image/sgx/keep_interface.h"
#include "platform/sgx/host_requests.h"

namespace adyton {

// Thread-safe. Results are what the system call gives, or minus errno, as the enclave gets them.
class HostDescriptors {
 public:
  explicit HostDescriptors(const KeepStreams& streams) : streams_(streams) {}

  [[nodiscard]] std::uint64_t write(std::uint64_t handle, std::span<const std::uint8_t> bytes) const;
  [[nodiscard]] std::uint64_t read(std::uint64_t handle, std::span<std::uint8_t> bytes) const;

  // Both until `event` can be read as well; false: that was it, or the time is over.
  [[nodiscard]] bool wait_for_input(int event) const;
  // `count` KeepPolled in `page`, which get their `found`.
  bool poll(std::span<std::uint8_t> page, std::uint64_t count, std::uint64_t nanoseconds, int event) const;

 private:
  [[nodiscard]] int descriptor(std::uint64_t handle) const;  // -1: there is none
  const KeepStreams streams_;
};

}  // namespace adyton
