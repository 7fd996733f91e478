// SPDX-License-Identifier: Apache-2.0
// From an ELF file to what of it is loaded: the one place that decides what an image's memory is.
#pragma once

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "image/image.h"

namespace adyton {

// Checks everything but sections (which are not loaded): headers, segments, dynamic section, relocations. Errors:
// invalid, with the remedy where the linker's command line is at fault. One copy of the loaded bytes.
Result<LaunchPlan> make_launch_plan(BytesView elf, const ImageLimits& limits);

}  // namespace adyton
