// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/findings.h"

#include "base/error.h"

namespace adyton {

std::string_view name_of(TcbStatus status) {
  switch (status) {
    case TcbStatus::kNone: return "None";
    case TcbStatus::kUpToDate: return "UpToDate";
    case TcbStatus::kSwHardeningNeeded: return "SWHardeningNeeded";
    case TcbStatus::kConfigurationNeeded: return "ConfigurationNeeded";
    case TcbStatus::kConfigurationAndSwHardeningNeeded: return "ConfigurationAndSWHardeningNeeded";
    case TcbStatus::kOutOfDate: return "OutOfDate";
    case TcbStatus::kOutOfDateConfigurationNeeded: return "OutOfDateConfigurationNeeded";
    case TcbStatus::kRevoked: return "Revoked";
    case TcbStatus::kNotSupported: return "NotSupported";
    case TcbStatus::kUnknown: return "Unknown";
  }
  return "Unknown";
}

Result<TcbStatus> parse_tcb_status(std::string_view name) {
  for (int value = static_cast<int>(TcbStatus::kUpToDate); value <= static_cast<int>(TcbStatus::kUnknown); ++value) {
    if (name_of(static_cast<TcbStatus>(value)) == name) return static_cast<TcbStatus>(value);
  }
  return invalid("{} is no TCB status: UpToDate, SWHardeningNeeded, ConfigurationNeeded, OutOfDate, ...", name);
}

bool needs_configuration(TcbStatus status) {
  return status == TcbStatus::kConfigurationNeeded || status == TcbStatus::kConfigurationAndSwHardeningNeeded ||
         status == TcbStatus::kOutOfDateConfigurationNeeded;
}

}  // namespace adyton
