// SPDX-License-Identifier: Apache-2.0
// The bytes of the program that runs SGX enclaves (runner_main.cc), which this library carries with it.
#pragma once

#include <adyton/bytes.h>

namespace adyton {

BytesView sgx_runner_program();

}  // namespace adyton
