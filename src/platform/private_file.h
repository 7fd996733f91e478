// SPDX-License-Identifier: Apache-2.0
// Files that only their owner may see: written whole or not at all, and refused when somebody else could have seen
// them.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include <adyton/secret.h>
#include "base/descriptor.h"

namespace adyton {

// A folder of mode 0700. Names are single path components. Thread-safe.
class PrivateFolder {
 public:
  // Makes the folder, and those above it, if missing. Errors: denied, with the remedy, when it belongs to another user
  // or others may enter it; io.
  static Result<PrivateFolder> open(std::filesystem::path path);

  // A file of mode 0600 and at most 64 KiB; nothing if there is none. Errors: denied, as above; io.
  Result<std::optional<Secret>> read(std::string_view name) const;

  // Makes the file, durably and with all of its contents at once, unless it is there already.
  Result<void> add(std::string_view name, BytesView contents) const;

  // Makes or replaces a file that is no secret (mode 0644 in this folder) unless it has these contents already.
  Result<void> publish(std::string_view name, BytesView contents) const;

 private:
  PrivateFolder(std::filesystem::path path, Descriptor folder) : path_(std::move(path)), folder_(std::move(folder)) {}
  Result<std::string> write_new(std::string_view name, BytesView contents, unsigned mode) const;
  Result<std::optional<Secret>> read_file(std::string_view name, unsigned forbidden_mode) const;

  std::filesystem::path path_;
  Descriptor folder_;
};

}  // namespace adyton
