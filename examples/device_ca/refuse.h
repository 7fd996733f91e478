// SPDX-License-Identifier: Apache-2.0
// Makes errors with formatted messages: the words in which a request is refused.
#pragma once

#include <fmt/format.h>

#include <adyton/result.h>

#define TRY ADYTON_TRY

namespace device_ca {

using adyton::ErrorCode;
using adyton::Result;

template <class... Args>
adyton::Error refuse(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return {code, fmt::format(format, std::forward<Args>(args)...)};
}

// Malformed input.
template <class... Args>
adyton::Error malformed(fmt::format_string<Args...> format, Args&&... args) {
  return refuse(ErrorCode::kInvalid, format, std::forward<Args>(args)...);
}

// Well-formed, but not what this CA certifies.
template <class... Args>
adyton::Error denied(fmt::format_string<Args...> format, Args&&... args) {
  return refuse(ErrorCode::kDenied, format, std::forward<Args>(args)...);
}

}  // namespace device_ca
