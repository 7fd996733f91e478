// SPDX-License-Identifier: Apache-2.0
// The list of back-ends there are, and the choice among them: the one place that names them all.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/result.h>
#include "platform/backend.h"

namespace adyton {

// All of them, the strongest first.
std::vector<std::unique_ptr<Backend>> make_backends();

struct ChosenBackend {
  std::unique_ptr<Backend> backend;
  // Stronger ones that this machine has and "auto" did not take because of the image, and why: a line each.
  std::vector<std::string> passed_over;
};

// The one of this name; "auto": the one that the environment variable ADYTON_BACKEND names, or else the first of `from`
// that isolates, that this machine has, and that this image suits. Errors: not_found (no such name); of "auto": what is
// wrong with a damaged image, which is never taken to a weaker back-end for that.
Result<ChosenBackend> choose_backend(std::string_view name, const VerifiedImage& image,
                                     std::vector<std::unique_ptr<Backend>> from = make_backends());

}  // namespace adyton
