// SPDX-License-Identifier: Apache-2.0
// A Self that asks the host: of a back-end without hardware, where the host vouches for its enclaves.
#pragma once

#include <string>

#include <adyton/call.h>
#include <adyton/self.h>

namespace adyton {

class HostSelf : public Self {
 public:
  HostSelf(detail::Caller& host, Identity identity, std::string backend)
      : host_(host), identity_(std::move(identity)), backend_(std::move(backend)) {}

  const Identity& identity() const override { return identity_; }
  std::string_view backend() const override { return backend_; }
  Result<Secret> sealing_key(SealPolicy policy, std::string_view label,
                             std::optional<std::uint16_t> svn = std::nullopt) const override;
  Result<Bytes> evidence(BytesView report_data) const override;

 private:
  detail::Caller& host_;
  Identity identity_;
  std::string backend_;
};

}  // namespace adyton
