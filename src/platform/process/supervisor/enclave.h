// SPDX-License-Identifier: Apache-2.0
// From the supervisor's fork to the enclave's first instruction.
#pragma once

#include "platform/process/supervisor/host_link.h"
#include "platform/process/supervisor/isolation.h"
#include "platform/process/supervisor/received_orders.h"

namespace adyton::supervisor {

// Starts the enclave and returns its process id once its program runs; ends this process if that fails. `signals`: a
// non-blocking signalfd for SIGCHLD.
int start_enclave(const ReceivedOrders& orders, const Isolation& isolation, HostLink& host, int executable,
                  int signals);

// Landlock: no file but the manifest's, no TCP port but the manifest's. Reports.
void restrict_with_landlock(const ReceivedOrders& orders, HostLink& host);

}  // namespace adyton::supervisor
