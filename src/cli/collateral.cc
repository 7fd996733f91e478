// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "attest/appraise/report_parts.h"
#include "attest/collateral/intel_tcb.h"
#include "base/error.h"
#include "base/utc.h"
#include "cli/command.h"
#include "cli/evidence_files.h"
#include "cli/fetching.h"
#include "cli/files.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::string output;
  EvidenceFiles files;
  FetchOptions fetch;
};

Result<int> pack(const Options& options) {
  const Bundle bundle = TRY(load_bundle(options.paths));
  TRY(save_file(options.output, TRY(pack_bundle(bundle))));
  fmt::print("{}: {} files\n", options.output, bundle.size());
  return 0;
}

// A file name that stays one, whatever the address was, and differs where addresses differ.
std::string file_name_of(const std::string& address) {
  constexpr std::size_t kMost = 100, kDigest = 4;
  std::string out;
  for (const char c : address.substr(0, kMost)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    out += plain || (c == '.' && !out.empty()) ? c : '_';
  }
  return fmt::format("{}-{}", out, to_hex(BytesView(sha256(as_bytes(address))).first(kDigest)));
}

Result<void> save_fetched(const Bundle& files, const std::string& output) {
  if (!output.ends_with('/') && !std::filesystem::is_directory(output)) {
    return save_file(output, TRY(pack_bundle(files)));
  }
  std::error_code error;
  std::filesystem::create_directories(output, error);
  if (error) return io_error("{}: {}", output, error.message());
  for (const auto& [address, bytes] : files) {
    TRY(save_file(std::filesystem::path(output) / file_name_of(address), bytes));
  }
  return {};
}

Result<int> fetch(const Options& options) {
  if (options.output.empty() && options.files.evidence == "-") {
    return invalid("--output is needed with evidence from standard input");
  }
  const std::string output = options.output.empty() ? options.files.evidence + ".collateral" : options.output;
  EvidenceCase one = TRY(load_case(options.files, Beside::kIgnored));
  const Fetched fetched = TRY(fetch_missing(one, options.fetch));
  print_problems(fetched);
  if (!fetched.files.empty()) {
    TRY(save_fetched(fetched.files, output));
    fmt::print("{}: {} files\n", output, fetched.files.size());
  } else if (fetched.problems.empty()) {
    fmt::print("nothing that could be fetched is missing\n");
  }
  return fetched.problems.empty() ? 0 : exit_status_of(ErrorCode::kUnavailable);
}

void print_item(std::string_view kind, std::string_view what, std::string_view validity) {
  fmt::print("{:<16} {}{}{}\n", kind, shown(what), validity.empty() ? "" : "\n                 ", validity);
}

std::string period(std::int64_t first, std::optional<std::int64_t> last) {
  return last ? fmt::format("{} to {}", utc_text(first), utc_text(*last)) : fmt::format("from {}", utc_text(first));
}

std::string edition(const IntelSigned& document) {
  return fmt::format("{}, evaluation number {}", period(document.issue_date, document.next_update),
                     document.evaluation_number);
}

Result<int> show(const Options& options) {
  Collateral all;
  for (const std::string& path : options.paths) TRY(load_collateral(path, all));
  for (const Certificate& one : all.certificates()) {
    print_item("certificate", one.subject().text, period(one.not_before(), one.not_after()));
  }
  for (const RevocationList& one : all.lists()) {
    print_item("revocation list", fmt::format("of {}: {} revoked", one.issuer().text, one.size()),
               period(one.this_update(), one.next_update()));
  }
  for (const auto& one : all.tcb_infos()) {
    print_item("TCB info", fmt::format("{} of FMSPC {}", one->tdx ? "TDX" : "SGX", to_hex(one->fmspc)), edition(*one));
  }
  for (const auto& one : all.identities()) print_item("enclave identity", name_of(one->id), edition(*one));
  for (const Collateral::NamedKey& one : all.keys()) print_item("key", one.name, "");
  for (const Collateral::Document& one : all.documents()) {
    print_item("document", fmt::format("{} ({} bytes)", one.name, one.bytes.size()), "");
  }
  return 0;
}

}  // namespace

Run declare_collateral(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* pack_command = app.add_subcommand("pack", "put collateral into one file, for --collateral");
  pack_command->add_option("PATH", options->paths, "files, or folders of them")->required();
  pack_command->add_option("--output,-o", options->output, "the bundle to write")->required();
  CLI::App* fetch_command = app.add_subcommand("fetch", "get what evidence is checked with from the vendors' services");
  options->files.declare(*fetch_command);
  fetch_command->add_option("--output,-o", options->output,
                            "the bundle to write, or the folder to write files into (default: EVIDENCE.collateral, "
                            "which `adyton verify` finds there)");
  options->fetch.declare(*fetch_command);
  CLI::App* show_command = app.add_subcommand("show", "list what collateral there is, and until when it is valid");
  show_command->add_option("PATH", options->paths, "files, bundles, or folders of them")->required();
  app.require_subcommand(1);
  return [options, pack_command, fetch_command] {
    if (pack_command->parsed()) return pack(*options);
    return fetch_command->parsed() ? fetch(*options) : show(*options);
  };
}

}  // namespace adyton
