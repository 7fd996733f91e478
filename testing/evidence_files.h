// SPDX-License-Identifier: Apache-2.0
// Where real evidence lies, for tests that use it: it is not part of this repository, as it belongs to others.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include <adyton/bytes.h>

namespace adyton::testing {

// The folder that the environment variable ADYTON_EVIDENCE names, or else `shared/evidence` beside a folder above the
// current one. Nothing if there is none with an INDEX.json: the test is to be skipped.
inline std::optional<std::filesystem::path> evidence_folder() {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (const char* named = std::getenv("ADYTON_EVIDENCE")) {
    if (fs::exists(fs::path(named) / "INDEX.json", ignored)) return named;
    return std::nullopt;
  }
  for (fs::path folder = fs::current_path(ignored); folder.has_relative_path(); folder = folder.parent_path()) {
    fs::path found = folder.parent_path() / "shared" / "evidence";
    if (fs::exists(found / "INDEX.json", ignored)) return found;
  }
  return std::nullopt;
}

// A file's bytes; empty if it cannot be read.
inline Bytes read_evidence(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  return to_bytes(text);
}

}  // namespace adyton::testing
