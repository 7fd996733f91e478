// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/runner_program.h"

extern "C" const std::byte adyton_sgx_runner_begin[], adyton_sgx_runner_end[];

namespace adyton {

BytesView sgx_runner_program() { return {adyton_sgx_runner_begin, adyton_sgx_runner_end}; }

}  // namespace adyton
