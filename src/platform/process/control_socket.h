// SPDX-License-Identifier: Apache-2.0
// The host's end of the socket to a supervisor.
#pragma once

#include <array>
#include <chrono>
#include <span>
#include <utility>

#include <sys/types.h>

#include <adyton/result.h>
#include "base/descriptor.h"
#include "platform/process/orders.h"

namespace adyton {

struct ReceivedMessages {
  std::array<supervisor::Message, supervisor::kBatch> messages;
  std::size_t count = 0;  // 0: the supervisor, and the enclave's start, are gone
  pid_t sender = 0;       // as this process sees it

  [[nodiscard]] std::span<const supervisor::Message> list() const { return std::span(messages).first(count); }
};

class ControlSocket {
 public:
  ControlSocket() = default;

  // This end, and the one for the supervisor.
  static Result<std::pair<ControlSocket, Descriptor>> make_pair();

  [[nodiscard]] int descriptor() const { return socket_.get(); }

  // Sends descriptors in the order of supervisor::OrderedDescriptor; they stay open here.
  Result<void> send_descriptors(std::span<const int> descriptors) const;
  void send_kill() const;  // a supervisor that is gone needs none

  // Waits for the next messages.
  Result<ReceivedMessages> receive() const;
  // Waits until receive() would not block. Errors: unavailable (too late).
  Result<void> await(std::chrono::steady_clock::time_point deadline) const;

 private:
  explicit ControlSocket(Descriptor socket) : socket_(std::move(socket)) {}
  Descriptor socket_;
};

}  // namespace adyton
