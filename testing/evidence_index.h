// SPDX-License-Identifier: Apache-2.0
// What is known of each file of real evidence (INDEX.json beside it), and how a verification of one came out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "attest/verify/findings.h"
#include "testing/evidence_files.h"

namespace adyton::testing {

struct EvidenceRow {
  std::string path, kind, facts, expected, validated, group;
  bool negative = false;
};

// The rows whose path begins with `prefix`.
inline std::vector<EvidenceRow> evidence_rows(const std::filesystem::path& folder, std::string_view prefix) {
  const Bytes bytes = read_evidence(folder / "INDEX.json");
  const auto json = nlohmann::json::parse(as_text(bytes), nullptr, false);
  std::vector<EvidenceRow> out;
  for (const auto& row : json) {
    EvidenceRow entry{.path = row.value("path", ""),
                      .kind = row.value("kind", ""),
                      .facts = row.value("facts", ""),
                      .expected = row.value("expected", ""),
                      .validated = row.value("validated", ""),
                      .group = row.value("group", ""),
                      .negative = row.value("neg", false)};
    if (entry.path.starts_with(prefix)) out.push_back(std::move(entry));
  }
  return out;
}

inline std::size_t count_outcomes(const Findings& findings, Outcome outcome) {
  std::size_t count = 0;
  for (const Check& check : findings.checks) count += check.outcome == outcome ? 1 : 0;
  for (const auto& [name, part] : findings.parts) count += count_outcomes(part, outcome);
  return count;
}

inline bool is_genuine(const Findings& findings) {
  return count_outcomes(findings, Outcome::kFailed) == 0 && count_outcomes(findings, Outcome::kMissing) == 0 &&
         count_outcomes(findings, Outcome::kOutOfTime) == 0 && count_outcomes(findings, Outcome::kPassed) > 0;
}

// What did not pass, for messages.
inline std::string objections_text(const Findings& findings) {
  std::string out;
  for (const Check& check : findings.checks) {
    if (check.outcome == Outcome::kPassed || check.outcome == Outcome::kNoted) continue;
    static constexpr std::string_view kNames[] = {"passed", "failed", "missing", "out of time", "noted"};
    out += "\n  " + std::string(kNames[static_cast<std::size_t>(check.outcome)]) + ": " + std::string(check.what) +
           ": " + check.detail;
  }
  for (const auto& [name, part] : findings.parts) out += objections_text(part);
  return out;
}

// The first check of that name, the parts' included; null if there is none.
inline const Check* find_check(const Findings& findings, std::string_view what, Outcome outcome) {
  for (const Check& check : findings.checks) {
    if (check.what == what && check.outcome == outcome) return &check;
  }
  for (const auto& [name, part] : findings.parts) {
    if (const Check* found = find_check(part, what, outcome)) return found;
  }
  return nullptr;
}

}  // namespace adyton::testing
