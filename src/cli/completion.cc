// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/error.h"
#include "cli/command.h"

namespace adyton {
namespace {

// The options of each subcommand, read off the declarations themselves.
std::string options_of(const Command& command) {
  CLI::App app;
  static_cast<void>(command.declare(app));
  std::string out = "--help";
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (name != "help") out += " --" + name;
    }
  }
  return out;
}

void print_bash() {
  fmt::print(
      "_adyton() {{\n  local current=${{COMP_WORDS[COMP_CWORD]}}\n  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    "
      "COMPREPLY=($(compgen -W \"");
  for (const Command& command : commands()) fmt::print("{} ", command.name);
  fmt::print("\" -- \"$current\"))\n    return\n  fi\n  local options=\n  case ${{COMP_WORDS[1]}} in\n");
  for (const Command& command : commands())
    fmt::print("    {}) options=\"{}\" ;;\n", command.name, options_of(command));
  fmt::print(
      "  esac\n  case $current in\n    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;\n"
      "    *) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n  esac\n}}\ncomplete -o filenames -F _adyton adyton\n");
}

void print_zsh() {
  fmt::print("#compdef adyton\n_adyton() {{\n  if (( CURRENT == 2 )); then\n    local -a names=(\n");
  for (const Command& command : commands()) fmt::print("      '{}:{}'\n", command.name, command.summary);
  fmt::print("    )\n    _describe command names\n    return\n  fi\n  case $words[2] in\n");
  for (const Command& command : commands()) fmt::print("    {}) compadd -- {} ;;\n", command.name, options_of(command));
  fmt::print("  esac\n  _files\n}}\n_adyton \"$@\"\n");
}

void print_fish() {
  for (const Command& command : commands()) {
    fmt::print("complete -c adyton -n __fish_use_subcommand -a {} -d '{}'\n", command.name, command.summary);
    CLI::App app;
    static_cast<void>(command.declare(app));
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) {
        fmt::print("complete -c adyton -n '__fish_seen_subcommand_from {}' -l {}\n", command.name, name);
      }
    }
  }
}

}  // namespace

Run declare_completion(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  app.add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  return [shell]() -> Result<int> {
    if (*shell == "bash") print_bash();
    if (*shell == "zsh") print_zsh();
    if (*shell == "fish") print_fish();
    return 0;
  };
}

}  // namespace adyton
