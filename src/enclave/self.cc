// SPDX-License-Identifier: Apache-2.0
#include <adyton/enclave.h>
#include "enclave/connection.h"
#include "enclave/host_self.h"
#include "enclave/sgx/sgx_self.h"

namespace adyton {
namespace {

const Self& make_self() {
  const auto& channel = connection();
  const auto& measured = measured_enclave();
  // Without a host, the processor still gives sealing keys.
  if (measured && *measured) {
    return *new SgxSelf(detail::host(), sgx_processor(), **measured, channel ? channel->boot.backend : "sgx");
  }
  // What failed failed the connection as well, and is what this one's calls answer.
  return *new HostSelf(detail::host(), channel ? channel->identity : Identity{},
                       channel ? channel->boot.backend : "none");
}

}  // namespace

// A file of its own: a program that does not ask for itself makes none of these calls, and its image lists none.
const Self& self() {
  static const Self& shared = make_self();
  return shared;
}

}  // namespace adyton
