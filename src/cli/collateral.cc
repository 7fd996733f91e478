// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "cli/command.h"
#include "cli/evidence_files.h"
#include "cli/files.h"

namespace adyton {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::string output;
};

}  // namespace

Run declare_collateral(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* pack = app.add_subcommand("pack", "put collateral into one file, for --collateral");
  pack->add_option("PATH", options->paths, "files, or folders of them")->required();
  pack->add_option("--output,-o", options->output, "the bundle to write")->required();
  app.require_subcommand(1);
  return [options]() -> Result<int> {
    const Bundle bundle = TRY(load_bundle(options->paths));
    TRY(save_file(options->output, TRY(pack_bundle(bundle))));
    fmt::print("{}: {} files\n", options->output, bundle.size());
    return 0;
  };
}

}  // namespace adyton
