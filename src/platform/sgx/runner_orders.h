// SPDX-License-Identifier: Apache-2.0
// What a back-end tells the program that runs an SGX enclave (runner_main.cc): one file, both ends from one build. The
// program is handed it as descriptor 4; for the processor's SGX also /dev/sgx_enclave as 5 and, if the enclave wants
// the provisioning key, /dev/sgx_provision as 6.
// The next is what takes the trace, if there is one.
#pragma once

#include <cstdint>
#include <optional>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include <adyton/secret.h>

namespace adyton {

struct RunnerOrders {
  std::optional<Secret> fuses;  // of an emulated processor, SgxFuses::encode(); without: the device
  bool strict = false;          // SgxEmulatorOptions::strict
  bool debugger = false;        // stop where a debugger learns where the image lies (debugger_stop.h)
  std::uint32_t trace = 0;      // the descriptor on which system calls are told; 0: none
  BytesView image;              // the image's file, of which parse_runner_orders() gives a view
};

Secret encode_runner_orders(const RunnerOrders& orders);
Result<RunnerOrders> parse_runner_orders(BytesView encoded);

}  // namespace adyton
