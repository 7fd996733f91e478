// SPDX-License-Identifier: Apache-2.0
// gdb on an enclave of a debug image.
#pragma once

#include <string>
#include <vector>

#include <adyton/result.h>

namespace adyton {

// Runs gdb with these arguments (Instance::debugger_arguments()) to its end, and returns its exit status. Errors:
// not_found (no gdb here).
Result<int> run_debugger(std::vector<std::string> words);

}  // namespace adyton
