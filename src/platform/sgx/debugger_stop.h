// SPDX-License-Identifier: Apache-2.0
// Where a debugger of an SGX enclave in this process takes over.
#pragma once

#include <cstdint>

namespace adyton {

// Executes INT3 with the address in RAX: a debugger stops, and can load the image's symbols for `image_base`. Does
// nothing without one.
void stop_for_debugger(std::uint64_t image_base);

}  // namespace adyton
