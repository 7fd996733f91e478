// SPDX-License-Identifier: Apache-2.0
// Short makers of errors with formatted messages, and the TRY macro under its in-tree name.
#pragma once

#include <cstring>

#include <fmt/format.h>

#include <adyton/result.h>

#define TRY ADYTON_TRY

namespace adyton {

template <class... Args>
Error make_error(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return Error{code, fmt::format(format, std::forward<Args>(args)...)};
}

#define ADYTON_ERROR_MAKER(function, code_value)                                   \
  template <class... Args>                                                         \
  Error function(fmt::format_string<Args...> format, Args&&... args) {             \
    return make_error(ErrorCode::code_value, format, std::forward<Args>(args)...); \
  }
ADYTON_ERROR_MAKER(invalid, kInvalid)
ADYTON_ERROR_MAKER(not_found, kNotFound)
ADYTON_ERROR_MAKER(unavailable, kUnavailable)
ADYTON_ERROR_MAKER(denied, kDenied)
ADYTON_ERROR_MAKER(untrusted, kUntrusted)
ADYTON_ERROR_MAKER(expired, kExpired)
ADYTON_ERROR_MAKER(exhausted, kExhausted)
ADYTON_ERROR_MAKER(io_error, kIo)
ADYTON_ERROR_MAKER(internal, kInternal)
#undef ADYTON_ERROR_MAKER

// The text of an errno value ("No such file or directory").
std::string errno_text(int error_number);

}  // namespace adyton
