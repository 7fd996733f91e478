// SPDX-License-Identifier: Apache-2.0
// What a static-PIE asks of its own start-up code. Some of it links without complaint and crashes before main().
#pragma once

#include <cstdint>
#include <vector>

#include <adyton/result.h>
#include "image/image.h"

namespace adyton {

// Checks the dynamic section at [address, address + size) and the relocations it names: no libraries, no search paths,
// no changes to code, only R_X86_64_RELATIVE and R_X86_64_IRELATIVE (and packed relative ones), all of writable memory.
// Errors: invalid, with the remedy.
Result<void> check_dynamic_section(const std::vector<Region>& regions, std::uint64_t address, std::uint64_t size);

}  // namespace adyton
