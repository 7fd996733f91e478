// SPDX-License-Identifier: Apache-2.0
// What a supervisor does for the rest of its life.
#pragma once

#include "platform/process/supervisor/host_link.h"

namespace adyton::supervisor {

// Tells the host when the enclave stops, goes on and ends, and kills it when the host says so or is gone. Returns when
// the enclave has ended. `signals`: a non-blocking signalfd for SIGCHLD; `host_process`: pidfd, or -1.
void watch(int enclave, HostLink& host, int signals, int host_process);

}  // namespace adyton::supervisor
