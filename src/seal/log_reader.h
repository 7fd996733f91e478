// SPDX-License-Identifier: Apache-2.0
// Reads a host's file from front to back in few calls, with memory bounded whatever the host says.
#pragma once

#include <string>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include <adyton/storage.h>

namespace adyton {

// Not thread-safe; `storage` must outlive it.
class LogReader {
 public:
  LogReader(const Storage& storage, std::string name, std::uint64_t offset)
      : storage_(storage), name_(std::move(name)), offset_(offset) {}

  // The next `size_bytes` (at most 16 MiB), or what is left of the file if that is less. Valid until the next call.
  Result<BytesView> peek(std::size_t size_bytes);
  void consume(std::size_t size_bytes) { position_ += size_bytes; }  // at most what was peeked

 private:
  const Storage& storage_;
  std::string name_;
  std::uint64_t offset_;  // of what follows buffer_
  Bytes buffer_;
  std::size_t position_ = 0;
  bool at_end_ = false;
};

}  // namespace adyton
