// SPDX-License-Identifier: Apache-2.0
#include "platform/backends.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "platform/process/process_backend.h"

namespace adyton {
namespace {

bool can_run(const Backend& backend) {
  return std::ranges::none_of(backend.probe(),
                              [](const BackendCheck& check) { return check.state == BackendCheck::State::kMissing; });
}

}  // namespace

std::vector<std::unique_ptr<Backend>> make_backends() {
  std::vector<std::unique_ptr<Backend>> all;
  all.push_back(std::make_unique<ProcessBackend>());
  return all;
}

Result<std::unique_ptr<Backend>> choose_backend(std::string_view name) {
  std::string names = "auto";
  auto all = make_backends();
  for (auto& backend : all) {
    // The last is not probed for "auto": if it cannot run either, its launch says why.
    const bool chosen = name == "auto" ? &backend == &all.back() || can_run(*backend) : backend->name() == name;
    if (chosen) return std::move(backend);
    names += fmt::format(", {}", backend->name());
  }
  return not_found("no back-end is called '{}'; there are: {}", name, names);
}

}  // namespace adyton
