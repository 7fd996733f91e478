// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/epid.h"

#include <algorithm>

#include "attest/verify/chain.h"
#include "attest/verify/sgx_report.h"
#include "base/error.h"

namespace adyton {
namespace {

// API documentation 7.3, "isvEnclaveQuoteStatus": what it says of the platform, and whether the quote counts at all.
struct Status {
  std::string_view word;
  TcbStatus tcb;
  bool genuine;
};
constexpr Status kStatuses[] = {
    {"OK", TcbStatus::kUpToDate, true},
    {"SW_HARDENING_NEEDED", TcbStatus::kSwHardeningNeeded, true},
    {"CONFIGURATION_NEEDED", TcbStatus::kConfigurationNeeded, true},
    {"CONFIGURATION_AND_SW_HARDENING_NEEDED", TcbStatus::kConfigurationAndSwHardeningNeeded, true},
    {"GROUP_OUT_OF_DATE", TcbStatus::kOutOfDate, true},
    {"SIGNATURE_INVALID", TcbStatus::kUnknown, false},
    {"SIGRL_VERSION_MISMATCH", TcbStatus::kUnknown, false},
    {"GROUP_REVOKED", TcbStatus::kRevoked, false},
    {"SIGNATURE_REVOKED", TcbStatus::kRevoked, false},
    {"KEY_REVOKED", TcbStatus::kRevoked, false},
};

void fill_quote(const EpidQuote& quote, Findings& findings) {
  findings.claims.hardware_model = fmt::format("EPID group {}", to_hex(quote.group_id));
  const auto add = [&](std::string_view name, std::string value) {
    findings.fields.push_back({std::string(name), std::move(value)});
  };
  add("quote.version", fmt::format("{}", quote.version));
  add("quote.sign_type", quote.signature_type == 0 ? "unlinkable" : "linkable");
  add("quote.epid_group_id", to_hex(quote.group_id));
  add("quote.xeid", fmt::format("{}", quote.extended_group_id));
  add("quote.qe_svn", fmt::format("{}", quote.qe_svn));
  add("quote.pce_svn", fmt::format("{}", quote.pce_svn));
  add("quote.basename", to_hex(quote.basename));
  tell_sgx_report(quote.report, findings);
}

void fill_report(const IasReport& report, Findings& findings) {
  findings.claims.advisories = report.advisory_ids;
  const auto add = [&](std::string_view name, std::string value) {
    if (!value.empty()) findings.fields.push_back({std::string(name), std::move(value)});
  };
  add("id", report.id);
  add("timestamp", report.timestamp);
  add("version", fmt::format("{}", report.version));
  add("isvEnclaveQuoteStatus", report.quote_status);
  add("advisoryURL", report.advisory_url);
  for (const std::string& id : report.advisory_ids) add("advisoryID", id);
  add("revocationReason", report.revocation_reason);
  add("platformInfoBlob", report.platform_info);
  add("nonce", report.nonce);
  add("epidPseudonym", report.epid_pseudonym);
  if (report.tcb_evaluation_data_number) {
    add("tcbEvaluationDataNumber", fmt::format("{}", *report.tcb_evaluation_data_number));
  }
}

void check_status(const IasReport& report, Findings& findings) {
  const auto* status = std::ranges::find(kStatuses, report.quote_status, &Status::word);
  if (status == std::end(kStatuses)) {
    findings.claims.tcb_status = TcbStatus::kUnknown;
    findings.fail(kIasStatus, fmt::format("\"{}\" is none of the service's words", report.quote_status));
    return;
  }
  findings.claims.tcb_status = status->tcb;
  if (status->genuine) {
    findings.pass(kIasStatus, report.quote_status);
  } else {
    findings.fail(kIasStatus, fmt::format("the service did not accept the quote: {}", report.quote_status));
  }
}

const Bytes* find_document(const Collateral& collateral, std::string_view name) {
  const auto found = std::ranges::find(collateral.documents(), name, &Collateral::Document::name);
  return found == collateral.documents().end() ? nullptr : &found->bytes;
}

// The certificates that came with the report: the signer's first, as the service sent them.
std::vector<Certificate> report_chain(const IasReport& report, const Collateral& collateral, Findings& findings) {
  std::string pem = report.chain_pem;
  if (const Bytes* document = find_document(collateral, kIasChainDocument); pem.empty() && document) {
    Result<std::string> decoded = decode_ias_chain(as_text(*document));
    if (decoded) {
      pem = *std::move(decoded);
    } else {
      findings.fail(kIasChain, decoded.error().message);
    }
  }
  std::vector<Certificate> out;
  if (pem.empty()) return out;
  const auto blocks = parse_pem_blocks(pem, 8);
  if (!blocks) {
    findings.fail(kIasChain, fmt::format("the report's certificates: {}", blocks.error().message));
    return out;
  }
  for (const PemBlock& block : *blocks) {
    Result<Certificate> certificate = Certificate::parse(block.der);
    if (certificate) {
      out.push_back(*std::move(certificate));
    } else {
      findings.fail(kIasChain, fmt::format("the report's certificates: {}", certificate.error().message));
    }
  }
  return out;
}

// The report's own first certificate; else the one of the collateral whose key made the signature.
const Certificate* find_signer(const std::vector<Certificate>& chain, const IasReport& report, BytesView signature,
                               const VerifyContext& context) {
  if (!chain.empty()) return &chain.front();
  for (const Certificate& one : context.collateral.certificates()) {
    if (one.key().type() == KeyType::kRsa &&
        one.key().verify(SignatureAlgorithm::kRsaPkcs1Sha256, as_bytes(report.body), signature)) {
      return &one;
    }
  }
  return nullptr;
}

void check_signature(const IasReport& report, const VerifyContext& context, Findings& findings) {
  Bytes signature = report.signature;
  if (const Bytes* document = find_document(context.collateral, kIasSignatureDocument); signature.empty() && document) {
    Result<Bytes> parsed = parse_ias_signature(as_text(*document));
    if (!parsed) {
      findings.fail(kIasSignature, parsed.error().message);
      return;
    }
    signature = *std::move(parsed);
  }
  const std::vector<Certificate> chain = report_chain(report, context.collateral, findings);
  if (signature.empty()) {
    findings.miss(kIasSignature,
                  fmt::format("the report came without its signature: give the header {} of the service's "
                              "answer as the collateral document of that name",
                              kIasSignatureDocument));
  }
  const Certificate* signer = find_signer(chain, report, signature, context);
  if (!signer) {
    findings.miss(kIasChain,
                  fmt::format("no certificate was given for the report's signature: give the header {} of the "
                              "service's answer as the collateral document of that name",
                              kIasChainDocument));
    return;
  }
  const ChainRules rules{.use = AnchorUse::kIntelIas, .what = kIasChain, .roles = {}, .leaf_signs = true};
  verify_chain(*signer, chain, rules, context, findings);
  if (signature.empty()) return;
  const Result<void> good = signer->key().verify(SignatureAlgorithm::kRsaPkcs1Sha256, as_bytes(report.body), signature,
                                                 EcdsaForm::kDer, context.seen);
  if (good) {
    findings.pass(kIasSignature, fmt::format("by {}", signer->subject().text));
  } else {
    findings.fail(kIasSignature, fmt::format("the report was not signed by the key of {}: {}", signer->subject().text,
                                             good.error().message));
  }
}

}  // namespace

Findings verify_ias_report(const IasReport& report, const VerifyContext& context) {
  Findings findings;
  fill_quote(report.quote, findings);
  fill_report(report, findings);
  check_status(report, findings);
  check_signature(report, context, findings);
  if (report.time > context.now) {
    findings.note(kIasTimestamp,
                  fmt::format("the report was made {} s after the time asked about", report.time - context.now));
  } else {
    findings.note(kIasTimestamp, fmt::format("the platform's state is the one of {} UTC", report.timestamp));
  }
  return findings;
}

Findings verify_epid_quote(const EpidQuote& quote, const VerifyContext& context) {
  (void)context;  // nothing that could be given would help
  Findings findings;
  fill_quote(quote, findings);
  findings.claims.tcb_status = TcbStatus::kUnknown;
  findings.miss(
      kEpidSignature,
      "only Intel's Attestation Service could verify EPID signatures, and it was closed in April 2025: give its "
      "report of this quote, if there is one, or evidence of another kind (DCAP)");
  return findings;
}

}  // namespace adyton
