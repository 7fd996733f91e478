// SPDX-License-Identifier: Apache-2.0
// What findings say, for the messages of tests.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "attest/verify/findings.h"
#include "testing/evidence_index.h"  // is_genuine()

namespace adyton::testing {

inline std::string checks_text(const Findings& findings) {
  std::string out;
  for (const Check& check : findings.checks) {
    constexpr std::string_view kNames[] = {"passed", "failed", "missing", "out of time", "noted"};
    out += std::string(kNames[static_cast<unsigned>(check.outcome)]) + ": " + std::string(check.what) + ": " +
           check.detail + "\n";
  }
  return out;
}

inline bool has_check(const Findings& findings, std::string_view what, Outcome outcome) {
  return std::ranges::any_of(findings.checks,
                             [&](const Check& check) { return check.what == what && check.outcome == outcome; });
}

// Whether the checks that speak against it are all of this name and outcome, and there is one.
inline bool fails_only(const Findings& findings, std::string_view what, Outcome outcome) {
  bool found = false;
  for (const Check& check : findings.checks) {
    if (check.outcome == Outcome::kPassed || check.outcome == Outcome::kNoted) continue;
    if (check.what != what || check.outcome != outcome) return false;
    found = true;
  }
  return found;
}

inline std::string field_of(const Findings& findings, std::string_view name) {
  const auto found = std::ranges::find(findings.fields, name, &Field::name);
  return found == findings.fields.end() ? std::string() : found->value;
}

}  // namespace adyton::testing
