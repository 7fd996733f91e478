// SPDX-License-Identifier: Apache-2.0
// The host's side of the calls that every enclave may make (call/builtin_calls.h). What the enclave sends is checked
// here.
#pragma once

#include <memory>
#include <string>

#include <adyton/handlers.h>
#include <adyton/identity.h>
#include <adyton/storage.h>
#include "platform/development_root.h"
#include "platform/sgx/quoting.h"

namespace adyton {

// For back-ends without hardware, where the development root vouches and gives keys: for one enclave of `identity`,
// launched by `backend`. `storage` may be null: then its calls are answered with
// not_found. `root` may not.
Handlers builtin_handlers(std::string backend, Identity identity, std::shared_ptr<Storage> storage,
                          std::shared_ptr<DevelopmentRoot> root);

// For one SGX enclave, which has its evidence and keys from the processor. Either may be null: then its calls are
// answered with not_found, or for `quotes` with unavailable.
Handlers sgx_builtin_handlers(std::shared_ptr<Storage> storage, std::shared_ptr<QuoteSource> quotes);

}  // namespace adyton
