// SPDX-License-Identifier: Apache-2.0
// What there is of SGX on this machine, what is missing, and what to do about it.
#pragma once

#include <vector>

#include "platform/backend.h"
#include "platform/sgx_device/kernel.h"
#include "platform/sgx_device/sgx_device.h"

namespace adyton::sgx {

std::vector<BackendCheck> probe_device(Kernel& kernel, const SgxDeviceOptions& options);

}  // namespace adyton::sgx
