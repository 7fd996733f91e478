// SPDX-License-Identifier: Apache-2.0
// What the linker's symbol table tells about a program: the calls it serves and makes, and how it was linked.
#pragma once

#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "image/image.h"
#include "image/sections.h"

namespace adyton {

struct ProgramSymbols {
  std::vector<Method> calls, host_calls;  // sorted by name; those of the framework ("adyton....") left out
  bool wrong_start_file = false;          // linked with crt1.o: nothing would relocate it, and it crashes before main()
};

// Reads the symbols of include/adyton/call.h (`Served<...>::kText`, `UsedHost<...>::kText`): data symbols whose content
// is "name(types) -> type". Errors: invalid without a symbol table, for a malformed one, and for one name with
// two structures.
Result<ProgramSymbols> read_symbols(const std::vector<Section>& sections, const LaunchPlan& plan);

}  // namespace adyton
