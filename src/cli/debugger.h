// SPDX-License-Identifier: Apache-2.0
// gdb on an enclave of a debug image.
#pragma once

#include <string>

#include <adyton/result.h>

namespace adyton {

// Attaches gdb to an enclave that waits for it, loads the symbols of `image` and goes on to main(). Returns gdb's exit
// status. Errors: not_found (no gdb here).
Result<int> run_debugger(const std::string& image, int process_id);

}  // namespace adyton
