// SPDX-License-Identifier: Apache-2.0
// The bytes of the keep kernel, which this library carries with it: an ELF of three segments, without relocations.
#pragma once

#include <adyton/bytes.h>

namespace adyton {

BytesView keep_program();

}  // namespace adyton
