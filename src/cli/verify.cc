// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <ctime>

#include "attest/appraise/report.h"
#include "attest/nonce.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/evidence_files.h"
#include "cli/files.h"
#include "image/image.h"

namespace adyton {
namespace {

struct Options {
  EvidenceFiles files;
  std::string policy, nonce, report_data, image, signer, html;
  std::vector<std::string> allowed_tcb;
  bool allow_debug = false, allow_missing = false, json = false;
};

// The policy file, and what the options add to it.
Result<Policy> policy_of(const Options& options) {
  Policy policy;
  if (!options.policy.empty()) {
    policy = TRY(parse_policy(as_text(TRY(load_file(options.policy, 1u << 20)))).within(options.policy));
  }
  policy.accept_debug |= options.allow_debug;
  policy.accept_missing |= options.allow_missing;
  for (const std::string& name : options.allowed_tcb) {
    policy.tcb_status.push_back(TRY(parse_tcb_status(name).within("--allow-tcb")));
  }
  if (!options.nonce.empty()) {
    const Bytes nonce = TRY(parse_hex(options.nonce).within("--nonce"));
    policy.report_data = {to_bytes(report_data_of_nonce(nonce))};
  }
  if (!options.report_data.empty()) {
    policy.report_data = {TRY(parse_hex(options.report_data).within("--report-data"))};
  }
  if (!options.signer.empty()) policy.signer = {TRY(parse_hex(options.signer).within("--signer"))};
  if (!options.image.empty()) {
    const VerifiedImage image = TRY(verify_image(TRY(Image::load(options.image))).within(options.image));
    policy.measurement = {to_bytes(image.identity().image)};
  }
  return policy;
}

Result<int> verify(const Options& options) {
  const Policy policy = TRY(policy_of(options));
  const Verified verified = TRY(verify_files(options.files));
  const Verdict verdict = appraise(verified, policy);
  if (!options.html.empty()) TRY(save_file(options.html, as_bytes(report_html(verified, verdict))));
  if (options.json) {
    fmt::print("{}\n", report_json(verified, verdict));
  } else if (options.html != "-") {
    fmt::print("{}", report_text(verified, verdict, ::isatty(STDOUT_FILENO) != 0));
  }
  return verdict.exit_status();
}

}  // namespace

Run declare_verify(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->files.declare(app);
  app.add_option("--policy", options->policy, "a policy (TOML): what the evidence must say");
  app.add_option("--report-data", options->report_data,
                 "what the workload must have put into it (report data, nonce, challenge), in hexadecimal");
  app.add_option("--nonce", options->nonce, "the nonce that `adyton attest` must have answered, in hexadecimal");
  app.add_option("--image", options->image, "an image file: the evidence must be of it");
  app.add_option("--signer", options->signer, "the signer it must have, in hexadecimal");
  app.add_flag("--allow-debug", options->allow_debug, "accept an enclave whose memory can be read");
  app.add_flag("--allow-missing", options->allow_missing, "missing collateral is a warning only");
  app.add_option("--allow-tcb", options->allowed_tcb,
                 "accept this TCB status besides UpToDate and SWHardeningNeeded: OutOfDate, ...");
  app.add_flag("--json", options->json, "print JSON");
  app.add_option("--html", options->html, "write a page for people to this file");
  return [options] { return verify(*options); };
}

}  // namespace adyton
