// SPDX-License-Identifier: Apache-2.0
#include "platform/backends.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "platform/process/process_backend.h"
#include "platform/sgx/sgx_backend.h"

namespace adyton {
namespace {

bool can_run(const Backend& backend) {
  return std::ranges::none_of(backend.probe(),
                              [](const BackendCheck& check) { return check.state == BackendCheck::State::kMissing; });
}

}  // namespace

std::vector<std::unique_ptr<Backend>> make_backends() {
  std::vector<std::unique_ptr<Backend>> all;
  all.push_back(std::make_unique<SgxDeviceBackend>());
  all.push_back(std::make_unique<ProcessBackend>());
  all.push_back(std::make_unique<SgxEmulatedBackend>());
  return all;
}

Result<std::unique_ptr<Backend>> choose_backend(std::string_view name) {
  const char* wanted = std::getenv("ADYTON_BACKEND");
  if (name == "auto" && wanted != nullptr && *wanted != 0) name = wanted;
  std::string names = "auto";
  auto all = make_backends();
  const auto last = std::ranges::find_if(all.rbegin(), all.rend(), [](const auto& each) { return each->isolates(); });
  for (auto& backend : all) {
    // The last that isolates is not probed for "auto": if it cannot run either, its launch says why.
    const bool chosen =
        name == "auto" ? backend->isolates() && (&backend == &*last || can_run(*backend)) : backend->name() == name;
    if (chosen) return std::move(backend);
    names += fmt::format(", {}", backend->name());
  }
  return not_found("no back-end is called '{}'; there are: {}", name, names);
}

}  // namespace adyton
