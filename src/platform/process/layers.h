// SPDX-License-Identifier: Apache-2.0
// The layers of the sandbox in words: for logs and for `adyton doctor`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/backend.h"
#include "platform/process/orders.h"

namespace adyton {

// How one layer went in one launch.
struct LayerState {
  supervisor::Layer layer{};
  int error = 0;   // errno, 0 if it was had
  int detail = 0;  // what orders.h says about the layer
};

std::string_view name_of(supervisor::Layer layer);

// "no network namespace (Operation not permitted): the enclave sees this machine's network"
std::string describe_missing(const LayerState& state);

// The same as a check: ok or degraded, with a remedy.
BackendCheck check_of(const LayerState& state);

// A step without which nothing is launched, and the error it ended with.
Error describe_failure(supervisor::Step step, int error_number);

}  // namespace adyton
