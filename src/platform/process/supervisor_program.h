// SPDX-License-Identifier: Apache-2.0
// The bytes of the supervisor's executable, which this library carries with it.
#pragma once

#include <adyton/bytes.h>

namespace adyton {

BytesView supervisor_program();

}  // namespace adyton
