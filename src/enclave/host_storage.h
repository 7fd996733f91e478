// SPDX-License-Identifier: Apache-2.0
// Storage over calls to the host. What comes back has been checked for form, and is otherwise whatever the host likes.
#pragma once

#include <adyton/call.h>
#include <adyton/storage.h>

namespace adyton {

class HostStorage : public Storage {
 public:
  explicit HostStorage(detail::Caller& host) : host_(host) {}

  Result<std::uint64_t> size(std::string_view name) const override;
  Result<Bytes> read(std::string_view name, std::uint64_t offset, std::uint32_t max_bytes) const override;
  Result<void> write(std::string_view name, std::uint64_t offset, BytesView bytes, bool sync) override;
  Result<void> truncate(std::string_view name, std::uint64_t size) override;
  Result<void> rename(std::string_view from, std::string_view to) override;
  Result<void> remove(std::string_view name) override;
  Result<std::vector<std::string>> list() const override;

 private:
  detail::Caller& host_;
};

}  // namespace adyton
