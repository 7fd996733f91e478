// SPDX-License-Identifier: Apache-2.0
// What is known of each file of real evidence: INDEX.json beside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

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

}  // namespace adyton::testing
