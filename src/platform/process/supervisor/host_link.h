// SPDX-License-Identifier: Apache-2.0
// The supervisor's side of the control socket.
#pragma once

#include "platform/process/orders.h"

namespace adyton::supervisor {

class HostLink {
 public:
  explicit HostLink(int socket) : socket_(socket) {}

  [[nodiscard]] int socket() const { return socket_; }
  void move_to(int socket) { socket_ = socket; }

  // Adds a message; flush() sends all that were added, which wakes the host once. Sent with write(2), which the
  // enclave's filter allows: the last failure of a launch is told from under it.
  void tell(Message::Kind kind, int first = 0, int second = 0, int third = 0);
  void flush();
  // `error`: 0 or minus errno, as the functions of sys.h return it.
  void layer(Layer layer, int error, int detail = 0);
  // `error`: minus errno.
  [[noreturn]] void give_up(Step step, int error);

  // Waits for the host's first message. `descriptors` gets kOrderedDescriptors of them, -1 for those not sent.
  // Returns 0 or minus errno.
  int receive(int* descriptors) const;
  // Whether the host has asked to kill the enclave, or is gone.
  [[nodiscard]] bool told_to_kill() const;

 private:
  int socket_;
  int count_ = 0;
  Message batch_[kBatch];
};

}  // namespace adyton::supervisor
