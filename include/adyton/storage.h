// SPDX-License-Identifier: Apache-2.0
// Files the host keeps for an enclave. Nothing here is trusted: seal what goes in, verify what comes out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

// What one read or write moves at most.
inline constexpr std::uint32_t kStorageCallBytes = 16u << 20;

// The rule for names: 1 to 64 characters of [a-z0-9._-], not starting with a dot. Errors: invalid.
Result<void> check_storage_name(std::string_view name);

// A flat set of named byte files. Names are as check_storage_name() has them; a call moves at most kStorageCallBytes.
// Implementations are thread-safe; errors: not_found, invalid (name, range), io, exhausted (no space).
class Storage {
 public:
  virtual ~Storage() = default;

  virtual Result<std::uint64_t> size(std::string_view name) const = 0;  // bytes

  // Up to `max_bytes` from `offset`; fewer only at the end of the file.
  virtual Result<Bytes> read(std::string_view name, std::uint64_t offset, std::uint32_t max_bytes) const = 0;

  // Writes at `offset` (at most the file's size: no holes), making the file if `offset` is 0 and it is not there.
  // With `sync`, returns only when the bytes, everything written to this file before them, and the file's existence
  // would survive a power cut. Without, a power cut may lose them, in part and in any order.
  virtual Result<void> write(std::string_view name, std::uint64_t offset, BytesView bytes, bool sync) = 0;

  // Cuts the file to `size` bytes.
  virtual Result<void> truncate(std::string_view name, std::uint64_t size) = 0;

  // Atomically and durably makes `from` take the name `to`, replacing it.
  virtual Result<void> rename(std::string_view from, std::string_view to) = 0;
  virtual Result<void> remove(std::string_view name) = 0;
  virtual Result<std::vector<std::string>> list() const = 0;
};

}  // namespace adyton
