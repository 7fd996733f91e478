// SPDX-License-Identifier: Apache-2.0
// The machine for a program that can open nothing: the devices are descriptors that it was handed.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "platform/sgx_device/kernel.h"

namespace adyton::sgx {

// As `kernel`, but open() gives these descriptors for these paths, and nothing for others. They stay open.
std::shared_ptr<Kernel> make_handed_kernel(std::shared_ptr<Kernel> kernel, std::map<std::string, int> descriptors);

}  // namespace adyton::sgx
