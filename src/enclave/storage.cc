// SPDX-License-Identifier: Apache-2.0
#include <adyton/enclave.h>
#include "base/error.h"
#include "enclave/connection.h"
#include "enclave/host_storage.h"

namespace adyton {

// A file of its own, as self.cc is.
Result<std::shared_ptr<Storage>> storage() {
  const auto& channel = connection();
  if (!channel) return channel.error();
  if (!channel->boot.storage) {
    return not_found("this enclave has no storage: launch it with some (LaunchOptions::storage, adyton run --storage)");
  }
  static const auto& shared = *new std::shared_ptr<Storage>(std::make_shared<HostStorage>(*channel->endpoint));
  return shared;
}

}  // namespace adyton
