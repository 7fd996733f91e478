// SPDX-License-Identifier: Apache-2.0
// The host's side of the calls that every enclave may make (call/builtin_calls.h), for back-ends without hardware: the
// development root vouches, and storage is the host's. What the enclave sends is checked here.
#pragma once

#include <memory>
#include <string>

#include <adyton/handlers.h>
#include <adyton/identity.h>
#include <adyton/storage.h>
#include "platform/development_root.h"

namespace adyton {

// For one enclave of `identity`, launched by `backend`. `storage` may be null: then its calls are answered with
// not_found. `root` may not.
Handlers builtin_handlers(std::string backend, Identity identity, std::shared_ptr<Storage> storage,
                          std::shared_ptr<DevelopmentRoot> root);

}  // namespace adyton
