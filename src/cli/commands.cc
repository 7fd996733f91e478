// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include <fmt/format.h>

#include "cli/command.h"

namespace adyton {
namespace {

constexpr int kMisuse = 2;

constexpr std::string_view kFooter =
    "Exit status: 0 done; 2 misuse; 10 invalid, 11 not found, 12 unavailable, 13 denied, 14 untrusted,\n"
    "15 expired, 16 exhausted, 17 io, 18 internal. `adyton run` of a program ends with the program's own.";

}  // namespace

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = {
      {"new", "write a project: an enclave and the program that calls it", "adyton new vault", declare_new},
      {"keygen", "make a signing key", "adyton keygen signer.pem", declare_keygen},
      {"sign", "make a linked program an enclave image, or sign an image again",
       "adyton sign vault.elf --manifest adyton.toml --key signer.pem --output vault.enclave", declare_sign},
      {"inspect", "show an image: identity, manifest, calls, permissions", "adyton inspect vault.enclave",
       declare_inspect},
      {"measure", "compute what each TEE will report of an image, on any machine", "adyton measure vault.enclave",
       declare_measure},
      {"run", "run an enclave image", "adyton run program.enclave -- --its --arguments", declare_run},
      {"call", "call an enclave, with JSON", "adyton call vault.enclave vault.greet '[\"Ada\"]'", declare_call},
      {"attest", "have an enclave prove what it is", "adyton attest vault.enclave --nonce 00ff --output evidence.cbor",
       declare_attest},
      {"verify", "check evidence of any TEE: what it is, whether it is genuine, whether it is what is wanted",
       "adyton verify quote.bin --collateral collateral/ --policy fleet.toml", declare_verify},
      {"policy", "write policies for verify", "adyton policy from known-good-quote.bin --output fleet.toml",
       declare_policy},
      {"collateral", "put together what evidence is checked with",
       "adyton collateral pack collateral/ --output collateral.cbor", declare_collateral},
      {"doctor", "show what this machine can do, and what to do about the rest", "adyton doctor", declare_doctor},
      {"completion", "print completion for a shell", "adyton completion bash > /etc/bash_completion.d/adyton",
       declare_completion},
  };
  return kCommands;
}

int run_tool(int argc, const char* const* argv) {
  CLI::App app("Adyton: C++ programs in trusted execution environments", "adyton");
  app.set_version_flag("--version", "adyton " ADYTON_VERSION);
  app.require_subcommand(1);
  app.footer(std::string(kFooter));
  Result<int> result = 0;
  for (const Command& command : commands()) {
    CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.summary));
    sub->footer(fmt::format("Example:\n  {}", command.example));
    Run run = command.declare(*sub);
    sub->final_callback([run = std::move(run), &result] { result = run(); });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kMisuse;
  }
  if (result) return *result;
  fmt::print(stderr, "adyton: {}\n", result.error().message);
  return exit_status_of(result.error().code);
}

}  // namespace adyton
