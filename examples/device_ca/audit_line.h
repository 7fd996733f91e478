// SPDX-License-Identifier: Apache-2.0
// One line of the audit log: a JSON object.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace device_ca {

// {"time":"2026-11-22T04:00:00Z","event":"issued","serial":"..."}; the values must be UTF-8.
std::string audit_line(std::int64_t time, std::string_view event,
                       std::initializer_list<std::pair<std::string_view, std::string_view>> fields);

// "2026-11-22T04:00:00Z"
std::string utc_text(std::int64_t seconds);

}  // namespace device_ca
