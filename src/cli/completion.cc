// SPDX-License-Identifier: Apache-2.0
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "cli/command.h"

namespace adyton {
namespace {

// What can follow a subcommand, read off the declarations themselves.
struct Words {
  std::string options;  // "--help --output", its own and those of its subcommands
  std::string inner;    // its subcommands: "pack fetch show"
};

Words words_of(const Command& command) {
  CLI::App app;
  static_cast<void>(command.declare(app));
  Words out{.options = "--help", .inner = ""};
  std::set<std::string> seen = {"help"};
  const auto add_options = [&](const CLI::App& of) {
    for (const CLI::Option* option : of.get_options()) {
      for (const std::string& name : option->get_lnames()) {
        if (seen.insert(name).second) out.options += " --" + name;
      }
    }
  };
  add_options(app);
  for (const CLI::App* inner : app.get_subcommands([](const CLI::App*) { return true; })) {
    out.inner += (out.inner.empty() ? "" : " ") + inner->get_name();
    add_options(*inner);
  }
  return out;
}

void print_bash() {
  fmt::print(
      "_adyton() {{\n  local current=${{COMP_WORDS[COMP_CWORD]}}\n  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    "
      "COMPREPLY=($(compgen -W \"");
  for (const Command& command : commands()) fmt::print("{} ", command.name);
  fmt::print("\" -- \"$current\"))\n    return\n  fi\n  local options= inner=\n  case ${{COMP_WORDS[1]}} in\n");
  for (const Command& command : commands()) {
    const Words words = words_of(command);
    fmt::print("    {}) options=\"{}\" inner=\"{}\" ;;\n", command.name, words.options, words.inner);
  }
  fmt::print(
      "  esac\n  if [ \"$COMP_CWORD\" -eq 2 ] && [ -n \"$inner\" ]; then\n    "
      "COMPREPLY=($(compgen -W \"$inner --help\" -- \"$current\"))\n    return\n  fi\n  case $current in\n    -*) "
      "COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;\n"
      "    *) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n  esac\n}}\ncomplete -o filenames -F _adyton adyton\n");
}

void print_zsh() {
  fmt::print("#compdef adyton\n_adyton() {{\n  if (( CURRENT == 2 )); then\n    local -a names=(\n");
  for (const Command& command : commands()) fmt::print("      '{}:{}'\n", command.name, command.summary);
  fmt::print("    )\n    _describe command names\n    return\n  fi\n  case $words[2] in\n");
  for (const Command& command : commands()) {
    const Words words = words_of(command);
    fmt::print("    {}) compadd -- {}{}{} ;;\n", command.name, words.inner, words.inner.empty() ? "" : " ",
               words.options);
  }
  fmt::print("  esac\n  _files\n}}\n_adyton \"$@\"\n");
}

void print_fish() {
  for (const Command& command : commands()) {
    fmt::print("complete -c adyton -n __fish_use_subcommand -a {} -d '{}'\n", command.name, command.summary);
    const Words words = words_of(command);
    fmt::print("complete -c adyton -n '__fish_seen_subcommand_from {}' -a '{} {}'\n", command.name, words.inner,
               words.options);
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
