// SPDX-License-Identifier: Apache-2.0
// What every subcommand that starts an enclave has in common.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <adyton/result.h>
#include "image/image.h"
#include "platform/backend.h"

namespace adyton {

struct LaunchArguments {
  std::string image;
  std::string backend = "auto";
  std::string storage;
  std::vector<std::string> environment;  // NAME=VALUE
  bool strict = false;
  bool quiet = false;
  bool terse = false;                                    // as quiet, but for why a stronger back-end was not taken
  std::string trace;                                     // a file, or kStandardError; empty: none
  static constexpr const char* kStandardError = "true";  // what CLI11 makes of a flag without a value

  void declare(CLI::App& app);
  void declare_trace(CLI::App& app);
};

// A launched enclave; the back-end outlives it.
struct Launched {
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Instance> instance;
};

// Says on standard error which back-end `auto` took, unless quiet.
Result<Launched> launch(const VerifiedImage& image, const LaunchArguments& arguments, LaunchConfig config = {});
Result<VerifiedImage> load_verified(const std::string& path);

}  // namespace adyton
