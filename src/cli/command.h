// SPDX-License-Identifier: Apache-2.0
// A subcommand of `adyton`: one file each, one table of them (commands.cc).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include <adyton/result.h>

namespace adyton {

// What a subcommand does when its arguments are read: its exit status, or an error that becomes one (docs/errors.md).
using Run = std::function<Result<int>()>;

struct Command {
  std::string_view name;
  std::string_view summary;   // one line
  std::string_view example;   // command lines that work
  Run (*declare)(CLI::App&);  // declares options on `app`; what is returned runs after they are read
};

Run declare_attest(CLI::App& app);
Run declare_call(CLI::App& app);
Run declare_collateral(CLI::App& app);
Run declare_completion(CLI::App& app);
Run declare_doctor(CLI::App& app);
Run declare_inspect(CLI::App& app);
Run declare_keygen(CLI::App& app);
Run declare_measure(CLI::App& app);
Run declare_new(CLI::App& app);
Run declare_policy(CLI::App& app);
Run declare_run(CLI::App& app);
Run declare_sign(CLI::App& app);
Run declare_verify(CLI::App& app);

const std::vector<Command>& commands();

// The whole program: reads arguments, runs, prints errors to standard error. The process's exit status.
int run_tool(int argc, const char* const* argv);

}  // namespace adyton
