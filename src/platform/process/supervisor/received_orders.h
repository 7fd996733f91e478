// SPDX-License-Identifier: Apache-2.0
// The orders as the supervisor reads them from their memfd.
#pragma once

#include <cstddef>

#include "platform/process/orders.h"

namespace adyton::supervisor {

struct ReceivedOrders {
  ReceivedOrders() = default;
  ReceivedOrders(const ReceivedOrders&) = delete;
  ReceivedOrders& operator=(const ReceivedOrders&) = delete;
  ~ReceivedOrders();

  OrdersHeader header;
  sock_filter* filter = nullptr;
  sock_filter* fallback = nullptr;
  std::uint16_t* connect_ports = nullptr;
  std::uint16_t* listen_ports = nullptr;
  // Each ends with a null pointer.
  char** read_paths = nullptr;
  char** write_paths = nullptr;
  char** arguments = nullptr;
  char** environment = nullptr;

  [[nodiscard]] bool has(OrderFlag flag) const { return (header.flags & flag) != 0; }
  [[nodiscard]] bool has_files() const { return header.read_paths + header.write_paths > 0; }

  // Once. Returns 0 or minus errno (EPROTO: not such orders).
  int read(int descriptor);

 private:
  char* bytes_ = nullptr;  // the strings are here
};

}  // namespace adyton::supervisor
