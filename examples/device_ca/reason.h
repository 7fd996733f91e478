// SPDX-License-Identifier: Apache-2.0
// The reasons for a revocation by the names that RFC 5280 gives them.
#pragma once

#include <string_view>

#include "device_ca_calls.h"

namespace device_ca {

struct NamedReason {
  std::string_view name;
  Reason reason;
};
inline constexpr NamedReason kReasons[] = {
    {"unspecified", Reason::kUnspecified},
    {"keyCompromise", Reason::kKeyCompromise},
    {"affiliationChanged", Reason::kAffiliationChanged},
    {"superseded", Reason::kSuperseded},
    {"cessationOfOperation", Reason::kCessationOfOperation},
    {"privilegeWithdrawn", Reason::kPrivilegeWithdrawn},
};

// "" for a value that is none of them.
constexpr std::string_view reason_name(Reason reason) {
  for (const auto& [name, known] : kReasons) {
    if (known == reason) return name;
  }
  return "";
}

}  // namespace device_ca
