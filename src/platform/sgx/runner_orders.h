// SPDX-License-Identifier: Apache-2.0
// What a back-end tells the program that runs an SGX enclave (runner_main.cc): one file, both ends from one build. The
// program is handed it as descriptor 4; for the processor's SGX also /dev/sgx_enclave as 5 and, if the enclave wants
// the provisioning key, /dev/sgx_provision as 6. The next is what takes the trace, if there is one. The enclave comes
// as its pages, which the back-end has checked against the SIGSTRUCT, as EINIT will: the program parses no image.
#pragma once

#include <cstdint>
#include <optional>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include <adyton/secret.h>
#include "image/sgx/sgx_plan.h"
#include "platform/sgx/host_files.h"

namespace adyton {

struct RunnerOrders {
  std::optional<Secret> fuses;  // of an emulated processor, SgxFuses::encode(); without: the device
  bool strict = false;          // SgxEmulatorOptions::strict
  bool debugger = false;        // stop where a debugger learns where the image lies (debugger_stop.h)
  std::uint32_t trace = 0;      // the descriptor on which system calls are told; 0: none
  KeepFiles files;              // which of the host's it opens, whatever the enclave asks for
};

// What comes of them. `plan` is as much of it as a device wants (src/platform/sgx/device.h), without what only
// SIGSTRUCT tells a processor; its pages, and `sigstruct`, point into the orders' bytes.
struct ParsedRunnerOrders : RunnerOrders {
  SgxPlan plan;
  BytesView sigstruct;
};

Secret encode_runner_orders(const RunnerOrders& orders, const SgxPlan& plan, BytesView sigstruct);
Result<ParsedRunnerOrders> parse_runner_orders(BytesView encoded);

}  // namespace adyton
