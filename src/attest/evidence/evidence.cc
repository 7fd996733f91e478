// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/evidence.h"

#include <optional>
#include <utility>

#include "attest/evidence/intel_wrappers.h"
#include "attest/evidence/wrapping.h"
#include "base/error.h"

namespace adyton {
namespace {

using Parsed = Result<Evidence::Body>;

// A kind: how its beginning looks, and its parser. The more particular beginnings come first.
struct Kind {
  bool (*looks_like)(BytesView);
  Parsed (*parse)(BytesView);
};

template <auto kParse>
Parsed parse_as(BytesView bytes) {
  return Evidence::Body(ADYTON_TRY(kParse(bytes)));
}

bool looks_like_development_evidence(BytesView bytes) { return parse_development_evidence(bytes).has_value(); }

constexpr Kind kKinds[] = {
    {looks_like_development_evidence, parse_as<parse_development_evidence>},
    {looks_like_azure_cvm, parse_as<parse_azure_cvm>},
    {looks_like_snp_evidence, parse_as<parse_snp_evidence>},
    {looks_like_local_td_report, parse_as<parse_local_td_report>},
    {looks_like_nitro, parse_as<parse_nitro>},
    {looks_like_cca_token, parse_as<parse_cca_token>},
    {looks_like_psa_token, parse_as<parse_psa_token>},
    {looks_like_nvidia_evidence, parse_as<parse_nvidia_evidence>},
    {looks_like_ias_report, parse_as<parse_ias_report>},
    {looks_like_epid_quote, parse_as<parse_epid_quote>},
    {looks_like_tpm_evidence, parse_as<parse_tpm_evidence>},
    {looks_like_csv_evidence, parse_as<parse_csv_evidence>},
    {looks_like_se_exchange, parse_as<parse_se_exchange>},
    {looks_like_sev_certificates, parse_as<parse_sev_certificates>},
    {looks_like_token, parse_as<parse_token>},
    {looks_like_ear, parse_as<parse_ear>},
};

Result<Evidence> quote_of(IntelWrapping wrapping) {
  Evidence out{.body = SgxQuote(),
               .wrapping = std::move(wrapping.what),
               .companions = nullptr,
               .held_data = std::move(wrapping.held_data)};
  if (looks_like_tdx_quote(wrapping.quote)) {
    out.body = TRY(parse_tdx_quote(wrapping.quote));
  } else {
    out.body = TRY(parse_sgx_quote(wrapping.quote));
  }
  if (!wrapping.collateral.empty()) {
    Collateral all, checkable;
    // What cannot be read is no reason to refuse the quote: it will be missed where it is needed.
    for (const auto& [name, bytes] : wrapping.collateral) static_cast<void>(all.add(name, bytes));
    checkable.add_checkable(all);
    out.companions = std::make_shared<const Collateral>(std::move(checkable));
  }
  return out;
}

// Parses one candidate; nothing if it looks like no kind.
std::optional<Result<Evidence>> parse_candidate(BytesView bytes) {
  if (looks_like_intel_wrapping(bytes)) {
    auto wrapping = unwrap_intel_quote(bytes);
    if (!wrapping) return std::move(wrapping).error();
    return quote_of(*std::move(wrapping));
  }
  std::optional<Error> first;
  for (const Kind& kind : kKinds) {
    if (!kind.looks_like(bytes)) continue;
    if (auto body = kind.parse(bytes)) {
      return Evidence{.body = *std::move(body), .wrapping = "", .companions = nullptr, .held_data = {}};
    } else if (!first) {
      first = std::move(body).error();
    }
  }
  if (first) return *std::move(first);
  return std::nullopt;
}

struct KindName {
  std::string operator()(const SgxQuote& quote) const { return fmt::format("SGX quote {}", quote.header.version()); }
  std::string operator()(const TdxQuote& quote) const { return fmt::format("TDX quote {}", quote.header.version()); }
  std::string operator()(const LocalTdReport&) const { return "TDREPORT"; }
  std::string operator()(const SnpEvidence& evidence) const {
    return fmt::format("SEV-SNP report {}", evidence.report.version);
  }
  std::string operator()(const AzureCvmEvidence&) const { return "Azure confidential VM"; }
  std::string operator()(const NitroDocument& document) const {
    return document.tpm ? "NitroTPM attestation document" : "Nitro attestation document";
  }
  std::string operator()(const TpmEvidence&) const { return "TPM 2.0 quote"; }
  std::string operator()(const CsvEvidence&) const { return "Hygon CSV report"; }
  std::string operator()(const SeExchange&) const { return "IBM Secure Execution attestation"; }
  std::string operator()(const SevCertificates&) const { return "SEV platform certificates"; }
  std::string operator()(const CcaToken&) const { return "Arm CCA token"; }
  std::string operator()(const PsaToken&) const { return "PSA token"; }
  std::string operator()(const EpidQuote&) const { return "SGX EPID quote"; }
  std::string operator()(const IasReport&) const { return "IAS report (SGX EPID)"; }
  std::string operator()(const NvidiaEvidence& evidence) const {
    return evidence.devices.size() == 1
               ? "NVIDIA attestation report"
               : fmt::format("NVIDIA attestation reports of {} devices", evidence.devices.size());
  }
  std::string operator()(const Token& token) const { return fmt::format("token of {}", name_of(token.service)); }
  std::string operator()(const Ear&) const { return "attestation result (EAR)"; }
  std::string operator()(const DevelopmentEvidence&) const { return "Adyton development evidence"; }
};

}  // namespace

Result<Evidence> parse_evidence(BytesView bytes) {
  // What looks like a kind and is none is malformed, and not a wrapping: one of the parts it is made of (the TD quote
  // of an Azure VM, without its TPM's) must not pass for the whole.
  for (const auto& [candidate, trail] : unwrap(bytes).candidates) {
    auto parsed = parse_candidate(candidate);
    if (!parsed) continue;
    if (!*parsed) return std::move(*parsed).error();
    Evidence& evidence = **parsed;
    if (!trail.empty()) evidence.wrapping += (evidence.wrapping.empty() ? "" : " in ") + trail;
    return *std::move(*parsed);
  }
  // JSON, certificates and the like say too little of themselves to tell beforehand.
  if (auto wrapping = unwrap_intel_quote(bytes)) return quote_of(*std::move(wrapping));
  return invalid("no evidence of any kind that is known here");
}

std::string kind_of(const Evidence& evidence) { return std::visit(KindName(), evidence.body); }

}  // namespace adyton
