// SPDX-License-Identifier: Apache-2.0
// The index of the real evidence (testing/evidence_files.h): what each file is and what a verifier must say of it.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "testing/evidence_files.h"

namespace adyton::testing {

struct EvidenceRow {
  std::string path, kind, facts, expected;
  bool negative = false;  // must not verify
  Bytes bytes;
};

// The rows of files whose path begins with `prefix` and that are there; empty if there is no index.
inline std::vector<EvidenceRow> evidence_rows(std::string_view prefix) {
  std::vector<EvidenceRow> out;
  const auto folder = evidence_folder();
  if (!folder) return out;
  std::ifstream file(*folder / "INDEX.json");
  const auto index = nlohmann::json::parse(file, nullptr, false);
  for (const auto& row : index) {
    const std::string path = row.value("path", "");
    if (!path.starts_with(prefix)) continue;
    Bytes bytes = read_evidence(*folder / path);
    if (bytes.empty()) continue;
    out.push_back({path, row.value("kind", ""), row.value("facts", ""), row.value("expected", ""),
                   row.value("neg", false), std::move(bytes)});
  }
  return out;
}

// The bytes of one file; empty if it is not there.
inline Bytes evidence_file(std::string_view path) {
  const auto folder = evidence_folder();
  return folder ? read_evidence(*folder / path) : Bytes();
}

}  // namespace adyton::testing
