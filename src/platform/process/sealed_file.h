// SPDX-License-Identifier: Apache-2.0
// Files without a name that nobody can change any more: what was verified is what runs.
#pragma once

#include <string>

#include <sys/types.h>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "base/descriptor.h"

namespace adyton {

// A memfd with these bytes and these permissions, sealed against every change, close-on-exec, and numbered 10 or more
// so that it is in nobody's way. Errors: io; unavailable (the machine forbids executable memfds).
Result<Descriptor> make_sealed_file(const std::string& name, BytesView bytes, mode_t mode);

}  // namespace adyton
