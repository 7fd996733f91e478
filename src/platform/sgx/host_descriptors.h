// SPDX-License-Identifier: Apache-2.0
// What a program on the keep kernel has of the host's descriptors: its three streams, sockets, and listed files.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

#include "base/descriptor.h"

#include "image/sgx/keep_interface.h"
#include "platform/sgx/host_requests.h"

namespace adyton {

// Thread-safe. Results are what the system call gives, or minus errno, as the enclave gets them.
class HostDescriptors {
 public:
  HostDescriptors(const KeepStreams& streams, KeepFiles files) : streams_(streams), files_(std::move(files)) {}

  [[nodiscard]] std::uint64_t write(std::uint64_t handle, std::span<const std::uint8_t> bytes) const;
  [[nodiscard]] std::uint64_t read(std::uint64_t handle, std::span<std::uint8_t> bytes) const;

  // 1 and its struct winsize; 0: it is no terminal.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> terminal(std::uint64_t handle) const;
  // Both until `event` can be read as well; false: that was it, or the time is over.
  [[nodiscard]] bool wait_for_input(int event) const;
  // `count` KeepPolled in `page`, which get their `found`.
  bool poll(std::span<std::uint8_t> page, std::uint64_t count, std::uint64_t nanoseconds, int event) const;

  // Of files and sockets. `second`: rdx at the answer.
  std::uint64_t request(KeepRequest request, std::uint64_t a, std::uint64_t b, std::uint64_t c,
                        std::span<std::uint8_t> page, std::uint64_t& second) {
    return request >= KeepRequest::kReadFile ? files_.request(request, a, b, c, page, second)
                                             : socket_request(request, a, b, c, page);
  }

 private:
  // kSocket and what follows it in KeepRequest, in host_sockets.cc; none blocks.
  std::uint64_t socket_request(KeepRequest request, std::uint64_t number, std::uint64_t b, std::uint64_t c,
                               std::span<std::uint8_t> page);

  using Shared = std::shared_ptr<const Descriptor>;      // open for as long as a thread uses it
  [[nodiscard]] int stream(std::uint64_t handle) const;  // -1: there is none
  [[nodiscard]] Shared socket(std::uint64_t number) const;
  std::uint64_t keep_socket(std::uint64_t number, int descriptor);

  const KeepStreams streams_;
  HostFiles files_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Shared> sockets_;
};

}  // namespace adyton
