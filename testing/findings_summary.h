// SPDX-License-Identifier: Apache-2.0
// The worst that findings say, and all they say as text: for tests.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "attest/verify/findings.h"

namespace adyton::testing {

// kFailed before kMissing before kOutOfTime before kPassed; kNoted counts as passed. Parts count too.
inline Outcome worst_of(const Findings& findings) {
  const auto rank = [](Outcome outcome) {
    switch (outcome) {
      case Outcome::kFailed: return 3;
      case Outcome::kMissing: return 2;
      case Outcome::kOutOfTime: return 1;
      default: return 0;
    }
  };
  Outcome out = findings.checks.empty() ? Outcome::kMissing : Outcome::kPassed;
  for (const Check& check : findings.checks) {
    if (rank(check.outcome) > rank(out)) out = check.outcome;
  }
  for (const auto& [name, part] : findings.parts) {
    if (rank(worst_of(part)) > rank(out)) out = worst_of(part);
  }
  return out;
}

// Whether there is a check of that name with that outcome, in the findings themselves.
inline bool has(const Findings& findings, std::string_view what, Outcome outcome) {
  return std::ranges::any_of(findings.checks,
                             [&](const Check& check) { return check.what == what && check.outcome == outcome; });
}

inline std::string text_of(const Findings& findings, std::string_view indent = "") {
  constexpr std::string_view kNames[] = {"passed", "FAILED", "MISSING", "OUT OF TIME", "noted"};
  std::string out;
  for (const Check& check : findings.checks) {
    out.append(indent).append(kNames[static_cast<std::size_t>(check.outcome)]).append(" ").append(check.what);
    out.append(": ").append(check.detail).append("\n");
  }
  for (const auto& [name, part] : findings.parts) {
    out.append(indent).append(name).append(":\n").append(text_of(part, std::string(indent) + "  "));
  }
  return out;
}

}  // namespace adyton::testing
