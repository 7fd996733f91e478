// SPDX-License-Identifier: Apache-2.0
// What a back-end tells the program that runs an SGX enclave (runner_main.cc): one file, both ends from one build. The
// program is handed it as descriptor 4; for the processor's SGX also /dev/sgx_enclave as 5 and, if the enclave wants
// the provisioning key, /dev/sgx_provision as 6.
#pragma once

#include <optional>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include <adyton/secret.h>

namespace adyton {

struct RunnerOrders {
  std::optional<Secret> fuses;  // of an emulated processor, SgxFuses::encode(); without: the device
  bool strict = false;          // SgxEmulatorOptions::strict
  BytesView image;              // the image's file, of which parse_runner_orders() gives a view
};

Secret encode_runner_orders(const RunnerOrders& orders);
Result<RunnerOrders> parse_runner_orders(BytesView encoded);

}  // namespace adyton
