// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <ctime>

#include <sys/ioctl.h>
#include <unistd.h>

#include "attest/appraise/ear_writer.h"
#include "attest/appraise/report.h"
#include "attest/nonce.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/evidence_files.h"
#include "cli/fetching.h"
#include "cli/files.h"
#include "crypto/crypto.h"
#include "image/image.h"
#include "image/sgx/sgx_sign.h"

namespace adyton {
namespace {

struct Options {
  EvidenceFiles files;
  FetchOptions fetch;
  std::string policy, nonce, report_data, image, signer, html, ear_key, ear_output = "-";
  std::vector<std::string> allowed_tcb, allowed_ear;
  bool allow_debug = false, allow_missing = false, json = false, fetches = false;
};

// The policy file's text, and what the options add to it.
Result<Policy> policy_of(const Options& options, std::string_view text) {
  Policy policy;
  if (!options.policy.empty()) policy = TRY(parse_policy(text).within(options.policy));
  policy.accept_debug |= options.allow_debug;
  policy.accept_missing |= options.allow_missing;
  for (const std::string& name : options.allowed_tcb) {
    policy.tcb_status.push_back(TRY(parse_tcb_status(name).within("--allow-tcb")));
  }
  for (const std::string& name : options.allowed_ear) {
    policy.ear_status.push_back(TRY(parse_ear_status(name).within("--allow-ear")));
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
    if (!image.image().sigstruct().empty()) {
      const SignedSgxPlan enclave = TRY(verify_sgx_signature(image.image()).within(options.image));
      policy.measurement.push_back(to_bytes(enclave.sigstruct.fields.measurement));
    }
  }
  return policy;
}

// What the terminal bears; a file or another program gets one line an entry.
TextStyle text_style() {
  if (::isatty(STDOUT_FILENO) == 0) return {};
  struct winsize size{};
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return {.colours = std::getenv("NO_COLOR") == nullptr, .width = known ? size.ws_col : 80u};
}

// An attestation result that says what this verdict says, signed.
Result<std::string> ear_of(const Options& options, const Verified& verified, const Verdict& verdict,
                           std::string_view policy_text) {
  constexpr std::uint64_t kMaxKeyBytes = 1 << 16;
  constexpr std::size_t kLeastNonce = 8;  // shorter ones have no place in an EAR
  const PrivateKey key =
      TRY(PrivateKey::parse_pem(as_text(TRY(load_file(options.ear_key, kMaxKeyBytes)))).within(options.ear_key));
  EarContents contents{.developer = "Adyton", .build = "adyton " ADYTON_VERSION};
  const Bytes nonce = TRY(parse_hex(options.nonce));
  if (nonce.size() >= kLeastNonce) contents.nonce = nonce;
  contents.appraisals.push_back(appraisal_of(verified.claims().platform, verified, verdict));
  if (!policy_text.empty()) {
    contents.appraisals[0].policy_id = "sha256:" + to_hex(sha256(as_bytes(policy_text)));
  }
  return make_ear(contents, key, std::time(nullptr)).within("--ear");
}

Result<int> verify(const Options& options) {
  std::string policy_text;
  if (!options.policy.empty()) policy_text = as_text(TRY(load_file(options.policy, 1u << 20)));
  const Policy policy = TRY(policy_of(options, policy_text));
  EvidenceCase one = TRY(load_case(options.files));
  if (options.fetches) print_problems(TRY(fetch_missing(one, options.fetch)));
  const Verified verified = one.verify();
  const Verdict verdict = appraise(verified, policy);
  bool printed = false;  // to standard output
  if (!options.html.empty()) {
    TRY(save_file(options.html, as_bytes(report_html(verified, verdict))));
    printed = options.html == "-";
  }
  if (!options.ear_key.empty()) {
    TRY(save_file(options.ear_output, as_bytes(TRY(ear_of(options, verified, verdict, policy_text)))));
    printed = printed || options.ear_output == "-";
  }
  if (options.json) {
    fmt::print("{}\n", report_json(verified, verdict));
  } else if (!printed) {
    fmt::print("{}", report_text(verified, verdict, text_style()));
  }
  return verdict.exit_status();
}

}  // namespace

Run declare_verify(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->files.declare(app);
  CLI::Option* fetch = app.add_flag("--fetch", options->fetches,
                                    "ask the vendors' services for what is missing (otherwise nobody is asked)");
  options->fetch.declare(app)->needs(fetch);
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
  app.add_option("--allow-ear", options->allowed_ear,
                 "accept an attestation result of this status besides affirming: warning, contraindicated, none");
  app.add_flag("--json", options->json, "print JSON");
  app.add_option("--html", options->html, "write a page for people to this file");
  CLI::Option* ear = app.add_option("--ear", options->ear_key,
                                    "write an attestation result (EAR), signed with this key: P-256 or P-384, PEM");
  app.add_option("--ear-output", options->ear_output, "where it goes (default: standard output, instead of the report)")
      ->needs(ear);
  return [options] { return verify(*options); };
}

}  // namespace adyton
