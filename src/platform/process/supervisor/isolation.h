// SPDX-License-Identifier: Apache-2.0
// The layers between an enclave and the machine that belong to a whole process tree: user, namespaces, root folder.
#pragma once

#include "platform/process/supervisor/host_link.h"
#include "platform/process/supervisor/received_orders.h"

namespace adyton::supervisor {

struct Isolation {
  bool administrator = false;  // held CAP_SYS_ADMIN at the start: no user namespace is needed
  bool user_namespace = false;
  bool mount_namespace = false;
  bool pid_namespace = false;  // for the next child
  int file_owner = -1;         // a user namespace that maps the host's user to the enclave's, for idmapped mounts
};

// Gets each namespace that can be had and reports each to the host.
Isolation isolate(const ReceivedOrders& orders, HostLink& host);

// In the new mount namespace: an empty, read-only root with the manifest's files. Reports.
void make_empty_root(const ReceivedOrders& orders, const Isolation& isolation, HostLink& host);

// Takes this user and group id, or nobody's, and no others. Permitted capabilities stay. Returns 0 or minus errno.
int become(std::uint32_t user);

// Gives up every capability but `kept` (bits); with `ambient`, these stay over execve. Returns 0 or minus errno.
int keep_capabilities(std::uint64_t kept, bool ambient);

}  // namespace adyton::supervisor
