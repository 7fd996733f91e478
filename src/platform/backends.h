// SPDX-License-Identifier: Apache-2.0
// The list of back-ends there are, and the choice among them: the one place that names them all.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <adyton/result.h>
#include "platform/backend.h"

namespace adyton {

// All of them, the strongest first.
std::vector<std::unique_ptr<Backend>> make_backends();

// The one of this name; "auto": the one that the environment variable ADYTON_BACKEND names, or else the strongest that
// can run on this machine. Errors: not_found (no such name).
Result<std::unique_ptr<Backend>> choose_backend(std::string_view name);

}  // namespace adyton
