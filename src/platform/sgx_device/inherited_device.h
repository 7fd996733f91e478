// SPDX-License-Identifier: Apache-2.0
// The SGX device for a process that may open nothing: by descriptors that whoever started it has opened. Apart from
// sgx_device.h, which looks for more on the machine, this links statically.
#pragma once

#include <memory>

#include "base/descriptor.h"
#include "platform/sgx/device.h"
#include "platform/sgx_device/kernel.h"

namespace adyton {

// The device "sgx" for one enclave: `enclave` is of /dev/sgx_enclave; `provision` of /dev/sgx_provision, or none, then
// an enclave with PROVISIONKEY is refused. A second create() is refused (invalid). probe() has nothing to say: that is
// the business of who opened them.
std::unique_ptr<SgxDevice> make_inherited_sgx_device(Descriptor enclave, Descriptor provision,
                                                     std::shared_ptr<sgx::Kernel> kernel = sgx::make_kernel());

}  // namespace adyton
