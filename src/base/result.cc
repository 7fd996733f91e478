// SPDX-License-Identifier: Apache-2.0
#include <adyton/result.h>

#include <system_error>

#include "base/error.h"

namespace adyton {

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return "invalid";
    case ErrorCode::kNotFound: return "not_found";
    case ErrorCode::kUnavailable: return "unavailable";
    case ErrorCode::kDenied: return "denied";
    case ErrorCode::kUntrusted: return "untrusted";
    case ErrorCode::kExpired: return "expired";
    case ErrorCode::kExhausted: return "exhausted";
    case ErrorCode::kIo: return "io";
    case ErrorCode::kInternal: return "internal";
  }
  return "unknown";
}

int exit_status_of(ErrorCode code) { return name_of(code) == "unknown" ? 18 : 9 + static_cast<int>(code); }

Error Error::within(std::string_view context) && { return Error{code, fmt::format("{}: {}", context, message)}; }

std::string errno_text(int error_number) { return std::generic_category().message(error_number); }

}  // namespace adyton
