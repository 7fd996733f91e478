// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/verified.h"

#include <algorithm>

#include "attest/evidence/intel_wrappers.h"
#include "attest/verify/azure_cvm.h"
#include "attest/verify/cca_token.h"
#include "attest/verify/csv.h"
#include "attest/verify/development.h"
#include "attest/verify/ear.h"
#include "attest/verify/epid.h"
#include "attest/verify/intel_wrappers.h"
#include "attest/verify/nitro.h"
#include "attest/verify/nvidia_report.h"
#include "attest/verify/psa_token.h"
#include "attest/verify/se_attestation.h"
#include "attest/verify/sev_legacy.h"
#include "attest/verify/sgx_quote.h"
#include "attest/verify/snp.h"
#include "attest/verify/tdx_quote.h"
#include "attest/verify/token.h"
#include "attest/verify/tpm_evidence.h"

namespace adyton {
namespace {

// Azure hands quotes out with bytes after them.
Result<Findings> verify_td_quote(BytesView bytes, const VerifyContext& context) {
  const IntelWrapping wrapping = ADYTON_TRY(unwrap_intel_quote(bytes));
  return verify_tdx_quote(ADYTON_TRY(parse_tdx_quote(wrapping.quote)), context);
}

struct Verifier {
  const VerifyContext& context;

  Findings operator()(const SgxQuote& quote) const { return verify_sgx_quote(quote, context); }
  Findings operator()(const TdxQuote& quote) const { return verify_tdx_quote(quote, context); }
  Findings operator()(const LocalTdReport& report) const { return verify_local_td_report(report); }
  Findings operator()(const SnpEvidence& evidence) const { return verify_snp(evidence, context); }
  Findings operator()(const AzureCvmEvidence& evidence) const {
    return verify_azure_cvm(evidence, context, verify_td_quote);
  }
  Findings operator()(const NitroDocument& document) const { return verify_nitro(document, context); }
  Findings operator()(const TpmEvidence& evidence) const { return verify_tpm_evidence(evidence, context); }
  Findings operator()(const CsvEvidence& evidence) const { return verify_csv(evidence, context); }
  Findings operator()(const SeExchange& exchange) const { return verify_se_exchange(exchange); }
  Findings operator()(const SevCertificates& certificates) const {
    return verify_sev_certificates(certificates, context);
  }
  Findings operator()(const CcaToken& token) const { return verify_cca_token(token, context); }
  Findings operator()(const PsaToken& token) const { return verify_psa_token(token, context); }
  Findings operator()(const EpidQuote& quote) const { return verify_epid_quote(quote, context); }
  Findings operator()(const IasReport& report) const { return verify_ias_report(report, context); }
  Findings operator()(const NvidiaEvidence& evidence) const { return verify_nvidia_evidence(evidence, context); }
  Findings operator()(const Token& token) const { return verify_token(token, context); }
  Findings operator()(const Ear& ear) const { return verify_ear(ear, context); }
  Findings operator()(const DevelopmentEvidence& evidence) const { return verify_development(evidence, context); }
};

// What one check makes of the whole.
Answer answer_of(Outcome outcome, bool ignore_missing) {
  switch (outcome) {
    case Outcome::kFailed: return Answer::kNotGenuine;
    case Outcome::kMissing: return ignore_missing ? Answer::kGenuine : Answer::kUndecided;
    case Outcome::kOutOfTime: return Answer::kOutOfTime;
    case Outcome::kPassed:
    case Outcome::kNoted: break;
  }
  return Answer::kGenuine;
}

}  // namespace

std::string_view name_of(Answer answer) {
  switch (answer) {
    case Answer::kNotGenuine: return "not genuine";
    case Answer::kUndecided: return "undecided";
    case Answer::kOutOfTime: return "out of time";
    case Answer::kGenuine: break;
  }
  return "genuine";
}

Answer answer_of(const Findings& findings, bool ignore_missing) {
  // Nothing passed: nothing was checked, and nothing is genuine.
  const bool checked =
      std::ranges::any_of(findings.checks, [](const Check& check) { return check.outcome != Outcome::kNoted; });
  Answer worst = checked || !findings.parts.empty() ? Answer::kGenuine : Answer::kUndecided;
  for (const Check& check : findings.checks) worst = std::min(worst, answer_of(check.outcome, ignore_missing));
  for (const auto& [name, part] : findings.parts) worst = std::min(worst, answer_of(part, ignore_missing));
  return worst;
}

Verified verify(const Evidence& evidence, const VerifyContext& context) {
  Verified out;
  out.kind_ = kind_of(evidence);
  out.wrapping_ = evidence.wrapping;
  out.time_ = context.now;
  if (evidence.companions == nullptr) {
    out.findings_ = std::visit(Verifier{context}, evidence.body);
  } else {
    Collateral both = context.collateral.copy();
    both.add_checkable(*evidence.companions);
    VerifyContext with{both, context.anchors, context.now, context.seen};
    out.findings_ = std::visit(Verifier{with}, evidence.body);
  }
  verify_held_data(evidence.held_data, out.findings_);
  out.answer_ = answer_of(out.findings_);
  return out;
}

}  // namespace adyton
