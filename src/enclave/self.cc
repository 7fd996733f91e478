// SPDX-License-Identifier: Apache-2.0
#include <adyton/enclave.h>
#include "enclave/connection.h"
#include "enclave/host_self.h"

namespace adyton {

// A file of its own: a program that does not ask for itself makes none of these calls, and its image lists none.
const Self& self() {
  const auto& channel = connection();
  static const auto& shared =
      *new HostSelf(detail::host(), channel ? channel->identity : Identity{}, channel ? channel->boot.backend : "none");
  return shared;
}

}  // namespace adyton
