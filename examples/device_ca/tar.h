// SPDX-License-Identifier: Apache-2.0
// Reads a tar archive from front to back: ustar and pax (POSIX.1-2017, pax), and what GNU tar writes by default.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <adyton/result.h>

namespace device_ca {

struct TarEntry {
  std::string name;
  bool regular = false;    // a file; else a link, device or the like
  std::uint64_t size = 0;  // in the archive
  std::string contents;    // of a file: at most what was asked for
};

// Not thread-safe.
class TarReader {
 public:
  // "-" is standard input. Errors: not_found, io.
  static adyton::Result<TarReader> open(const std::string& path);

  // The next entry that is no folder, with up to `max_bytes` of its contents; nothing at the end. Errors: invalid
  // (malformed, cut short, compressed), io.
  adyton::Result<std::optional<TarEntry>> next(std::size_t max_bytes);

  // How far it has read, of size_bytes(), which is 0 if that is not known (a pipe).
  [[nodiscard]] std::uint64_t position_bytes() const { return position_; }
  [[nodiscard]] std::uint64_t size_bytes() const { return size_; }

 private:
  struct Header;
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  explicit TarReader(std::FILE* file) : file_(file) {}
  adyton::Result<std::size_t> read(std::string& out, std::size_t size);
  adyton::Result<void> skip(std::uint64_t size);
  adyton::Result<std::optional<Header>> read_header();
  adyton::Result<std::string> read_text(std::uint64_t size);
  adyton::Result<std::string> read_contents(std::uint64_t size, std::size_t max_bytes);

  std::unique_ptr<std::FILE, CloseFile> file_;
  std::uint64_t position_ = 0, size_ = 0;
};

}  // namespace device_ca
