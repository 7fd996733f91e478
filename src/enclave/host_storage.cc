// SPDX-License-Identifier: Apache-2.0
#include "enclave/host_storage.h"

#include <algorithm>

#include "base/error.h"
#include "call/builtin_calls.h"

namespace adyton {

using detail::call_through;

Result<std::uint64_t> HostStorage::size(std::string_view name) const {
  TRY(check_storage_name(name));
  return call_through(host_, {}, builtin::storage_size, name);
}

Result<Bytes> HostStorage::read(std::string_view name, std::uint64_t offset, std::uint32_t max_bytes) const {
  TRY(check_storage_name(name));
  if (max_bytes > kStorageCallBytes) return invalid("{} bytes are more than one read gives", max_bytes);
  auto bytes = TRY(call_through(host_, {}, builtin::storage_read, name, offset, max_bytes));
  if (bytes.size() > max_bytes)
    return invalid("the host gave {} bytes of a file where {} were asked for", bytes.size(), max_bytes);
  return bytes;
}

Result<void> HostStorage::write(std::string_view name, std::uint64_t offset, BytesView bytes, bool sync) {
  TRY(check_storage_name(name));
  if (bytes.size() > kStorageCallBytes) return invalid("{} bytes are more than one write takes", bytes.size());
  return call_through(host_, {}, builtin::storage_write, name, offset, bytes, sync);
}

Result<void> HostStorage::truncate(std::string_view name, std::uint64_t size) {
  TRY(check_storage_name(name));
  return call_through(host_, {}, builtin::storage_truncate, name, size);
}

Result<void> HostStorage::rename(std::string_view from, std::string_view to) {
  TRY(check_storage_name(from));
  TRY(check_storage_name(to));
  return call_through(host_, {}, builtin::storage_rename, from, to);
}

Result<void> HostStorage::remove(std::string_view name) {
  TRY(check_storage_name(name));
  return call_through(host_, {}, builtin::storage_remove, name);
}

Result<std::vector<std::string>> HostStorage::list() const {
  auto names = TRY(call_through(host_, {}, builtin::storage_list));
  std::ranges::sort(names);
  for (const std::string& name : names) TRY(check_storage_name(name).within("the host's list of files"));
  if (std::ranges::adjacent_find(names) != names.end()) return invalid("the host listed a file twice");
  return names;
}

}  // namespace adyton
