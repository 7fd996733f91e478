// SPDX-License-Identifier: Apache-2.0
// What a program on the keep kernel has of the host's files: those that its manifest lists, and no others, whatever the
// enclave asks for.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "image/sgx/keep_interface.h"

namespace adyton {

struct Manifest;

struct KeepFiles {
  std::vector<std::string> read;   // files that sgx.file_sha256 lists
  std::vector<std::string> write;  // files and folders of files.write, in its order

  static KeepFiles of(const Manifest& manifest);
};

// Thread-safe. Results are what the system call gives, or minus errno, as the enclave gets them.
class HostFiles {
 public:
  explicit HostFiles(KeepFiles files) : files_(std::move(files)) {}

  // kReadFile, and kFileOpen and what follows it in KeepRequest; `second`: rdx at the answer.
  std::uint64_t request(KeepRequest request, std::uint64_t a, std::uint64_t b, std::uint64_t c,
                        std::span<std::uint8_t> page, std::uint64_t& second);

 private:
  using Shared = std::shared_ptr<const Descriptor>;  // open for as long as a thread uses it

  // A name in a folder, reached without following a link. With an empty name the folder is the entry itself.
  struct Place {
    Descriptor folder;
    std::string name;
    const std::string* entry = nullptr;
    int error = 0;  // errno
  };
  [[nodiscard]] Place find(std::uint64_t entry, std::string_view path) const;
  [[nodiscard]] std::uint64_t read_whole(std::string_view path, std::uint64_t offset,
                                         std::span<std::uint8_t> page) const;
  std::uint64_t open(std::uint64_t number, const Place& place, std::uint64_t mode_and_flags);
  std::uint64_t path_request(KeepRequest request, std::uint64_t at, std::uint64_t b, std::uint64_t c,
                             std::span<std::uint8_t> page) const;
  static std::uint64_t open_request(KeepRequest request, int file, std::uint64_t b, std::uint64_t c,
                                    std::span<std::uint8_t> page, std::uint64_t& second);

  const KeepFiles files_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Shared> open_;  // guarded by mutex_
};

}  // namespace adyton
