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

// Not this image's way, and another back-end may be; else something is wrong with the file.
bool is_lack(ErrorCode code) {
  return code == ErrorCode::kNotFound || code == ErrorCode::kUnavailable || code == ErrorCode::kDenied;
}

Result<ChosenBackend> strongest(const VerifiedImage& image, std::vector<std::unique_ptr<Backend>> from) {
  std::erase_if(from, [](const auto& each) { return !each->isolates(); });
  ChosenBackend out;
  for (auto& backend : from) {
    // The last is not probed: if it cannot run either, its launch says why.
    const bool last = &backend == &from.back();
    if (!last && !can_run(*backend)) continue;
    const auto suits = last ? Result<void>{} : backend->suits(image);
    if (suits) {
      out.backend = std::move(backend);
      return out;
    }
    if (!is_lack(suits.error().code)) return Error(suits.error()).within(backend->name());
    out.passed_over.push_back(fmt::format("{} does not run on {}, which this machine has: {}", image.identity().name,
                                          backend->name(), suits.error().message));
  }
  return unavailable("no back-end isolates");
}

}  // namespace

std::vector<std::unique_ptr<Backend>> make_backends() {
  std::vector<std::unique_ptr<Backend>> all;
  all.push_back(std::make_unique<SgxDeviceBackend>());
  all.push_back(std::make_unique<ProcessBackend>());
  all.push_back(std::make_unique<SgxEmulatedBackend>());
  return all;
}

Result<ChosenBackend> choose_backend(std::string_view name, const VerifiedImage& image,
                                     std::vector<std::unique_ptr<Backend>> from) {
  const char* wanted = std::getenv("ADYTON_BACKEND");
  if (name == "auto" && wanted != nullptr && *wanted != 0) name = wanted;
  if (name == "auto") return strongest(image, std::move(from));
  std::string names = "auto";
  for (auto& backend : from) {
    if (backend->name() == name) return ChosenBackend{.backend = std::move(backend)};
    names += fmt::format(", {}", backend->name());
  }
  return not_found("no back-end is called '{}'; there are: {}", name, names);
}

}  // namespace adyton
