// SPDX-License-Identifier: Apache-2.0
#include <fmt/color.h>
#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/command.h"
#include "platform/backends.h"

namespace adyton {
namespace {

constexpr std::string_view name_of_state(BackendCheck::State state) {
  switch (state) {
    case BackendCheck::State::kOk: return "ok";
    case BackendCheck::State::kDegraded: return "degraded";
    case BackendCheck::State::kMissing: return "missing";
  }
  return "unknown";
}

fmt::text_style style_of(BackendCheck::State state) {
  if (::isatty(STDOUT_FILENO) == 0) return {};
  switch (state) {
    case BackendCheck::State::kOk: return fg(fmt::terminal_color::green);
    case BackendCheck::State::kDegraded: return fg(fmt::terminal_color::yellow);
    case BackendCheck::State::kMissing: return fg(fmt::terminal_color::red);
  }
  return {};
}

Result<int> doctor(bool json) {
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  bool any_runs = false;
  for (const auto& backend : make_backends()) {
    const std::vector<BackendCheck> checks = backend->probe();
    bool runs = true;
    std::size_t degraded = 0;
    for (const BackendCheck& check : checks) {
      runs = runs && check.state != BackendCheck::State::kMissing;
      degraded += check.state == BackendCheck::State::kDegraded ? 1 : 0;
      out[std::string(backend->name())].push_back({{"name", check.name},
                                                   {"state", name_of_state(check.state)},
                                                   {"detail", check.detail},
                                                   {"remedy", check.remedy}});
    }
    any_runs = any_runs || runs;
    if (json) continue;
    fmt::print("{}: {}\n", backend->name(),
               !runs           ? "cannot run here"
               : degraded == 0 ? "runs here, with every layer"
                               : fmt::format("runs here, with {} of its layers missing", degraded));
    for (const BackendCheck& check : checks) {
      fmt::print("  ");
      fmt::print(style_of(check.state), "{:<9}", name_of_state(check.state));
      fmt::print(" {:<22} {}\n", check.name, check.detail);
      if (!check.remedy.empty()) fmt::print("  {:<9} {:<22} {}\n", "", "", check.remedy);
    }
  }
  if (json) fmt::print("{}\n", out.dump(2));
  if (!any_runs) return unavailable("no back-end can run on this machine");
  return 0;
}

}  // namespace

Run declare_doctor(CLI::App& app) {
  auto json = std::make_shared<bool>(false);
  app.add_flag("--json", *json, "print JSON");
  return [json] { return doctor(*json); };
}

}  // namespace adyton
