// SPDX-License-Identifier: Apache-2.0
// Whole files in and out, for tools.
#pragma once

#include <filesystem>
#include <string>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

// Errors: not_found, io, exhausted (over `max_bytes`). "-" is standard input.
Result<Bytes> load_file(const std::filesystem::path& path, std::uint64_t max_bytes = 1ull << 30);

enum class FileMode { kPrivate = 0600, kPublic = 0644, kProgram = 0755 };
enum class Overwrite { kNo, kYes };

// Writes to a temporary file beside `path` and renames it, so that no one ever sees half of it. "-" is standard output.
// Errors: denied (exists, and Overwrite::kNo), io.
Result<void> save_file(const std::filesystem::path& path, BytesView bytes, FileMode mode = FileMode::kPublic,
                       Overwrite overwrite = Overwrite::kYes);

}  // namespace adyton
