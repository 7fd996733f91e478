// SPDX-License-Identifier: Apache-2.0
// The host's side of orders.h: puts what a supervisor is to do into bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "platform/process/orders.h"

namespace adyton {

struct Orders {
  std::uint32_t flags = 0;  // supervisor::OrderFlag
  std::uint32_t user = 0;
  std::uint32_t open_files = 0;
  std::uint64_t stack_bytes = 0;
  std::uint64_t address_space_bytes = 0;
  std::uint32_t handed = 0;
  std::vector<sock_filter> filter, fallback;
  std::vector<std::uint16_t> connect_ports, listen_ports;
  std::vector<std::string> read_paths, write_paths;
  std::vector<std::string> arguments;    // with the name
  std::vector<std::string> environment;  // "NAME=value"
};

// Errors: invalid (a string with a zero byte in it).
Result<Bytes> encode_orders(const Orders& orders);

}  // namespace adyton
