// SPDX-License-Identifier: Apache-2.0
// The projects that `adyton new` writes, compiled in from src/cli/templates by src/CMakeLists.txt.
#pragma once

#include <span>
#include <string_view>

namespace adyton {

// One file of one template. In `path` and `text`, "@NAME@" stands for the new project's name.
struct TemplateFile {
  std::string_view project;  // "vault" or "program": the template's name
  std::string_view path;     // relative to the new project's folder
  std::string_view text;
};

std::span<const TemplateFile> template_files();

}  // namespace adyton
