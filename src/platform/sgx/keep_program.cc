// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/keep_program.h"

extern "C" const std::byte adyton_keep_begin[], adyton_keep_end[];

namespace adyton {

BytesView keep_program() { return {adyton_keep_begin, adyton_keep_end}; }

}  // namespace adyton
