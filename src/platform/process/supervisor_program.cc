// SPDX-License-Identifier: Apache-2.0
#include "platform/process/supervisor_program.h"

extern "C" const std::byte adyton_supervisor_begin[], adyton_supervisor_end[];

namespace adyton {

BytesView supervisor_program() { return {adyton_supervisor_begin, adyton_supervisor_end}; }

}  // namespace adyton
