// SPDX-License-Identifier: Apache-2.0
// Looking into findings, for tests. Where it does not say otherwise, parts count too.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "attest/verify/findings.h"

namespace adyton::testing {

inline std::string_view name_of(Outcome outcome) {
  constexpr std::string_view kNames[] = {"passed", "failed", "missing", "out of time", "noted"};
  return kNames[static_cast<std::size_t>(outcome)];
}

// Whether it speaks against the evidence.
inline bool is_objection(const Check& check) {
  return check.outcome != Outcome::kPassed && check.outcome != Outcome::kNoted;
}

// One line a check, for messages.
inline std::string text_of(const Findings& findings, const std::string& indent = "  ") {
  std::string out;
  for (const Check& check : findings.checks) {
    out.append(indent).append(name_of(check.outcome)).append(" ").append(check.what);
    out.append(": ").append(check.detail).append("\n");
  }
  for (const auto& [name, part] : findings.parts) out += indent + name + ":\n" + text_of(part, indent + "  ");
  return out;
}

// The first check of that name and outcome; null if there is none.
inline const Check* find_check(const Findings& findings, std::string_view what, Outcome outcome) {
  for (const Check& check : findings.checks) {
    if (check.what == what && check.outcome == outcome) return &check;
  }
  for (const auto& [name, part] : findings.parts) {
    if (const Check* found = find_check(part, what, outcome)) return found;
  }
  return nullptr;
}

// The same, in the findings themselves and not in their parts.
inline bool has(const Findings& findings, std::string_view what, Outcome outcome) {
  return std::ranges::any_of(findings.checks,
                             [&](const Check& check) { return check.what == what && check.outcome == outcome; });
}

inline std::size_t count_outcomes(const Findings& findings, Outcome outcome) {
  auto count = static_cast<std::size_t>(std::ranges::count(findings.checks, outcome, &Check::outcome));
  for (const auto& [name, part] : findings.parts) count += count_outcomes(part, outcome);
  return count;
}

inline bool any(const Findings& findings, Outcome outcome) { return count_outcomes(findings, outcome) > 0; }

// kFailed before kMissing before kOutOfTime before kPassed; kMissing where nothing was checked.
inline Outcome worst_of(const Findings& findings) {
  constexpr Outcome kWorstFirst[] = {Outcome::kFailed, Outcome::kMissing, Outcome::kOutOfTime, Outcome::kPassed};
  const auto worse = [&](Outcome a, Outcome b) {
    return std::ranges::find(kWorstFirst, a) < std::ranges::find(kWorstFirst, b) ? a : b;
  };
  Outcome out = findings.checks.empty() ? Outcome::kMissing : Outcome::kPassed;
  for (const Check& check : findings.checks) out = worse(check.outcome, out);
  for (const auto& [name, part] : findings.parts) out = worse(worst_of(part), out);
  return out;
}

// Something passed, and nothing speaks against it.
inline bool is_genuine(const Findings& findings) {
  return any(findings, Outcome::kPassed) && !any(findings, Outcome::kFailed) && !any(findings, Outcome::kMissing) &&
         !any(findings, Outcome::kOutOfTime);
}

// The checks of the findings themselves that speak against them, as "failed PCK chain", each once.
inline std::vector<std::string> objections(const Findings& findings) {
  std::vector<std::string> out;
  for (const Check& check : findings.checks) {
    if (!is_objection(check)) continue;
    const std::string one = std::string(name_of(check.outcome)) + " " + std::string(check.what);
    if (std::ranges::find(out, one) == out.end()) out.push_back(one);
  }
  return out;
}

// Whether those are all of this name and outcome, and there is one.
inline bool fails_only(const Findings& findings, std::string_view what, Outcome outcome) {
  return objections(findings) == std::vector{std::string(name_of(outcome)) + " " + std::string(what)};
}

// Empty if there is no such field.
inline std::string field(const Findings& findings, std::string_view name) {
  const auto found = std::ranges::find(findings.fields, name, &Field::name);
  return found == findings.fields.end() ? "" : found->value;
}

}  // namespace adyton::testing
