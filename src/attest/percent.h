// SPDX-License-Identifier: Apache-2.0
// Percent-encoding (RFC 3986, 2.1), as certificate chains have it in HTTP headers.
#pragma once

#include <string>
#include <string_view>

#include <adyton/result.h>

namespace adyton {

// Errors: invalid: a percent sign without two hexadecimal digits after it.
Result<std::string> percent_decoded(std::string_view text);

}  // namespace adyton
