// SPDX-License-Identifier: Apache-2.0
#include "attest/appraise/policy.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/evidence_files.h"
#include "cli/files.h"

namespace adyton {
namespace {

struct Options {
  EvidenceFiles files;
  std::string output = "-";
};

Result<int> make_policy(const Options& options) {
  const Verified verified = TRY(load_case(options.files)).verify();
  const std::string text = TRY(policy_text_of(verified).within(options.files.evidence));
  TRY(save_file(options.output, as_bytes(text)));
  if (verified.answer() != Answer::kGenuine) {
    fmt::print(stderr, "adyton: this sample is {}: `adyton verify` says why\n", name_of(verified.answer()));
  }
  return 0;
}

}  // namespace

Run declare_policy(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* from = app.add_subcommand("from", "write a policy that accepts what a known-good sample of evidence says");
  options->files.declare(*from);
  from->add_option("--output,-o", options->output, "file to write (default: standard output)");
  app.require_subcommand(1);
  return [options] { return make_policy(*options); };
}

}  // namespace adyton
