// SPDX-License-Identifier: Apache-2.0
// The names of an image's functions, for people who read where it crashed. The symbol table is not measured: whoever
// wrote the file could have named anything.
#pragma once

#include <string>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "image/image.h"

namespace adyton {

class FunctionNames {
 public:
  // A copy of what it needs of the file's symbol table; without one there are no names. Errors: invalid, for a
  // malformed file or table.
  static Result<FunctionNames> read(BytesView elf, const ImageLimits& limits = {});

  // "vault::open(int)+0x1c": the function at this address from the load base; empty where there is none.
  [[nodiscard]] std::string at(std::uint64_t address) const;

 private:
  struct Function {
    std::uint64_t begin = 0, size = 0;
    std::uint64_t name = 0;  // offset in names_
  };
  std::vector<Function> functions_;  // ascending
  Bytes names_;
};

}  // namespace adyton
