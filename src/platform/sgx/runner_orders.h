// SPDX-License-Identifier: Apache-2.0
// What a back-end tells the program that runs an SGX enclave (runner_main.cc): one file, both ends from one build.
#pragma once

#include <adyton/bytes.h>
#include <adyton/result.h>
#include <adyton/secret.h>

namespace adyton {

struct RunnerOrders {
  bool strict = false;    // SgxEmulatorOptions::strict
  bool debugger = false;  // stop where a debugger learns where the image lies (debugger_stop.h)
  bool trace = false;     // system calls are told on supervisor::kTraceDescriptor
  Secret fuses;           // SgxFuses::encode()
  BytesView image;        // the image's file, of which parse_runner_orders() gives a view
};

Secret encode_runner_orders(const RunnerOrders& orders);
Result<RunnerOrders> parse_runner_orders(BytesView encoded);

}  // namespace adyton
