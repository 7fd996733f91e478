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
  bool negative = false;  // must not verify
  Bytes bytes;            // of the file, where evidence_rows(prefix) read it
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
                      .negative = row.value("neg", false),
                      .bytes = {}};
    if (entry.path.starts_with(prefix)) out.push_back(std::move(entry));
  }
  return out;
}

// The same in evidence_folder(), with the bytes; without files that are not there. Empty if there is no index.
inline std::vector<EvidenceRow> evidence_rows(std::string_view prefix) {
  const auto folder = evidence_folder();
  if (!folder) return {};
  std::vector<EvidenceRow> out = evidence_rows(*folder, prefix);
  for (EvidenceRow& row : out) row.bytes = read_evidence(*folder / row.path);
  std::erase_if(out, [](const EvidenceRow& row) { return row.bytes.empty(); });
  return out;
}

// The bytes of one file; empty if it is not there.
inline Bytes evidence_file(std::string_view path) {
  const auto folder = evidence_folder();
  return folder ? read_evidence(*folder / path) : Bytes();
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
