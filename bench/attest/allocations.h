// SPDX-License-Identifier: Apache-2.0
// What a piece of work asks of operator new, which this program replaces.
#pragma once

#include <cstddef>

namespace adyton::bench {

// Bytes that this thread has asked for so far.
std::size_t allocated_so_far();

}  // namespace adyton::bench
