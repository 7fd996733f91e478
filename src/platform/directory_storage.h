// SPDX-License-Identifier: Apache-2.0
// Keeps an enclave's files in a folder of the host.
#pragma once

#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include <adyton/result.h>
#include <adyton/storage.h>
#include "base/descriptor.h"

namespace adyton {

// A Storage over a folder. The folder is locked while the storage lives, so that two hosts do not write over one
// another. Symbolic links and what is no regular file are refused. Thread-safe.
class DirectoryStorage : public Storage {
 public:
  // Makes the folder (mode 0700) if it is missing; files have mode 0600. Errors: unavailable (another host has it
  // open), io.
  static Result<std::shared_ptr<Storage>> open(const std::filesystem::path& folder);
  explicit DirectoryStorage(Descriptor folder) : folder_(std::move(folder)) {}

  Result<std::uint64_t> size(std::string_view name) const override;
  Result<Bytes> read(std::string_view name, std::uint64_t offset, std::uint32_t max_bytes) const override;
  Result<void> write(std::string_view name, std::uint64_t offset, BytesView bytes, bool sync) override;
  Result<void> truncate(std::string_view name, std::uint64_t size) override;
  Result<void> rename(std::string_view from, std::string_view to) override;
  Result<void> remove(std::string_view name) override;
  Result<std::vector<std::string>> list() const override;

 private:
  struct File {
    std::string name;
    Descriptor descriptor;
    bool name_durable = false;  // guarded by mutex_
  };

  Result<std::shared_ptr<File>> open_file(std::string_view name, bool make) const;
  static Result<std::uint64_t> size_of(const File& file);
  void forget(std::string_view name);  // requires mutex_
  Result<void> sync_folder() const;

  const Descriptor folder_;
  mutable std::mutex mutex_;
  mutable std::list<std::shared_ptr<File>> files_;  // descriptors kept between calls, the most recently used first
};

}  // namespace adyton
