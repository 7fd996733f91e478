// SPDX-License-Identifier: Apache-2.0
// Looking into findings, for tests.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "attest/verify/findings.h"

namespace adyton::testing {

// One line a check, for messages.
inline std::string text_of(const Findings& findings) {
  std::string out;
  for (const Check& check : findings.checks) {
    constexpr const char* kNames[] = {"passed", "FAILED", "missing", "out of time", "noted"};
    out += fmt::format("  {} {}: {}\n", kNames[static_cast<int>(check.outcome)], check.what, check.detail);
  }
  return out;
}

inline bool has(const Findings& findings, std::string_view what, Outcome outcome) {
  return std::ranges::any_of(findings.checks,
                             [&](const Check& check) { return check.what == what && check.outcome == outcome; });
}

inline bool any(const Findings& findings, Outcome outcome) {
  return std::ranges::any_of(findings.checks, [&](const Check& check) { return check.outcome == outcome; });
}

// The checks that did not pass, as "failed PCK chain", each once.
inline std::vector<std::string> objections(const Findings& findings) {
  std::vector<std::string> out;
  for (const Check& check : findings.checks) {
    constexpr const char* kNames[] = {"", "failed ", "missing ", "out of time ", ""};
    const std::string kind = kNames[static_cast<int>(check.outcome)];
    if (kind.empty()) continue;
    const std::string one = kind + std::string(check.what);
    if (std::ranges::find(out, one) == out.end()) out.push_back(one);
  }
  return out;
}

// Empty if there is no such field.
inline std::string field(const Findings& findings, std::string_view name) {
  const auto found = std::ranges::find(findings.fields, name, &Field::name);
  return found == findings.fields.end() ? "" : found->value;
}

}  // namespace adyton::testing
