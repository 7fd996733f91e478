// SPDX-License-Identifier: Apache-2.0
// This user's development signing key: so that a first enclave needs no key of its own.
#pragma once

#include <adyton/result.h>
#include "crypto/keys.h"

namespace adyton {

// Made on first use, mode 0600, beside the development root. Nobody else should accept what it signed.
Result<PrivateKey> development_signer();

}  // namespace adyton
