// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <adyton/call.h>
#include "base/error.h"
#include "call/builtin_calls.h"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/launch.h"

namespace adyton {
namespace {

struct Options {
  LaunchArguments launch;
  std::string nonce, output, root_output;
};

// Beside the evidence goes what verifies it, where `adyton verify` finds it.
Result<void> save_endorsements(const Options& options, const Endorsements& from, const Backend& backend) {
  if (!from.collateral.empty() && options.output != "-") {
    TRY(save_file(options.output + ".collateral", TRY(pack_bundle(from.collateral))));
  }
  if (options.root_output.empty()) return {};
  if (from.root.empty())
    return invalid("--root-output: a vendor vouches for {}, whose root verifiers have", backend.name());
  return save_file(options.root_output, as_bytes(from.root));
}

Result<int> attest(const Options& options) {
  const Bytes nonce = TRY(parse_hex(options.nonce).within("--nonce"));
  const VerifiedImage image = TRY(load_verified(options.launch.image));
  if (image.image().manifest().calls.empty()) {
    return invalid("{}: it serves no calls, and only what serves calls can be asked; run it with: adyton run",
                   options.launch.image);
  }
  const Launched launched = TRY(launch(image, options.launch));
  Endpoint& endpoint = launched.instance->endpoint();
  constexpr std::chrono::seconds kPatience{30};
  TRY(endpoint.wait_ready(kPatience).within("launching " + options.launch.image));
  const Bytes evidence = TRY(detail::call_through(endpoint, {.timeout = kPatience}, builtin::attest, nonce));
  TRY(save_file(options.output, evidence));
  static_cast<void>(launched.instance->stop());
  const Endorsements endorsements = TRY(launched.backend->endorsements());
  TRY(save_endorsements(options, endorsements, *launched.backend));
  fmt::print(stderr, "{}: {} bytes of evidence for {}, made by {}\n", options.output, evidence.size(),
             image.identity().name, launched.backend->name());
  if (!endorsements.root.empty()) {
    fmt::print(stderr, "for those who trust this machine's development root: adyton verify {} --trust-root {}\n",
               options.output, options.root_output.empty() ? endorsements.root_path.string() : options.root_output);
  }
  return 0;
}

}  // namespace

Run declare_attest(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->launch.terse = true;
  options->launch.declare(app);
  app.add_option("--nonce", options->nonce, "what the relying party wants answered: at most 64 bytes, in hexadecimal");
  app.add_option("-o,--output", options->output, "where the evidence goes; - for standard output")->required();
  app.add_option("--root-output", options->root_output,
                 "write the root that vouches for this evidence to this file, for adyton verify --trust-root")
      ->type_name("FILE");
  return [options] { return attest(*options); };
}

}  // namespace adyton
