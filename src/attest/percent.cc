// SPDX-License-Identifier: Apache-2.0
#include "attest/percent.h"

#include <adyton/bytes.h>
#include "base/error.h"

namespace adyton {

Result<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte = parse_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return invalid("a percent sign without a byte after it, at {}", i);
    out += as_text(*byte);
    i += 2;
  }
  return out;
}

}  // namespace adyton
