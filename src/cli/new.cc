// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/templates.h"

namespace adyton {
namespace {

struct Options {
  std::string folder;
  std::string project = "vault";
};

std::string fill_in(std::string_view text, std::string_view name) {
  constexpr std::string_view kMark = "@NAME@";
  std::string out;
  for (std::size_t at; (at = text.find(kMark)) != std::string_view::npos; text.remove_prefix(at + kMark.size())) {
    out.append(text.substr(0, at)).append(name);
  }
  return out.append(text);
}

Result<int> write_project(const Options& options) {
  const std::filesystem::path folder = options.folder;
  const std::string name = folder.filename().string();
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto fits = [&](char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '_'; };
  if (name.empty() || name.size() > 64 || !is_lower(name[0]) || !std::ranges::all_of(name, fits)) {
    return invalid("\"{}\" cannot be the name: it is 1 to 64 of a-z, 0-9 and _, beginning with a letter", name);
  }
  std::error_code error;
  if (std::filesystem::exists(folder, error) && !std::filesystem::is_empty(folder, error)) {
    return denied("{} is there already and not empty", folder.string());
  }
  for (const TemplateFile& file : template_files()) {
    if (file.project != options.project) continue;
    const std::filesystem::path path = folder / fill_in(file.path, name);
    std::filesystem::create_directories(path.parent_path(), error);
    TRY(save_file(path, as_bytes(fill_in(file.text, name)), FileMode::kPublic, Overwrite::kNo));
    fmt::print("{}\n", path.string());
  }
  const bool program = options.project == "program";
  fmt::print("\nNow: cd {} && cmake -B build && cmake --build build && {}\n", folder.string(),
             program ? fmt::format("adyton run build/{}.enclave", name) : fmt::format("build/{}", name));
  return 0;
}

}  // namespace

Run declare_new(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("NAME", options->folder, "the folder to write, named like the project")->required();
  app.add_option("--template", options->project,
                 "vault (default): an enclave that serves calls, and its host program; program: an enclave that is a "
                 "program of its own")
      ->check(CLI::IsMember({"vault", "program"}));
  return [options] { return write_project(*options); };
}

}  // namespace adyton
