// SPDX-License-Identifier: Apache-2.0
// Where the functions of a program begin and end, as the tables for its exceptions say: these are loaded, and so
// measured, and a file has them with and without symbols (Linux Standard Base, core, 10.6: .eh_frame, .eh_frame_hdr).
#pragma once

#include <cstdint>
#include <vector>

#include "image/image.h"

namespace adyton {

struct FunctionRange {
  std::uint64_t begin = 0, end = 0;  // from the load base
  bool has_handlers = false;         // there are landing pads, which nothing in its code branches to
};

// All of them that lie in executable bytes of the file, ascending, not overlapping; a signal handler's way back is left
// out. None without the tables, or where these are not as the linker writes them.
std::vector<FunctionRange> functions_of(const LaunchPlan& plan);

}  // namespace adyton
