// SPDX-License-Identifier: Apache-2.0
// The enclave's one connection with its host: the channel, and what the host said about the enclave at its start.
#pragma once

#include <memory>

#include <adyton/identity.h>
#include <adyton/result.h>
#include "call/boot.h"
#include "call/endpoint.h"
#include "enclave/sgx/measured.h"

namespace adyton {

struct Connection {
  std::unique_ptr<Endpoint> endpoint;
  BootInfo boot;
  Identity identity;
};

// Opens the enclave's end of a channel. `measured`: what an SGX enclave knows of itself, which is its identity whatever
// the host says; null: the host is believed. Errors: invalid, if what the host laid out is malformed; untrusted, if the
// host says something else than what was measured.
Result<Connection> connect(SharedMemory memory, const MeasuredEnclave* measured = nullptr);

// This process's own connection, opened on first use and kept to the end: usable in static constructors and
// destructors, thread-safe. Errors: unavailable, when no launcher started this process.
const Result<Connection>& connection();

}  // namespace adyton
