// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/azure_cvm.h"

#include <algorithm>
#include <optional>

#include "attest/verify/snp.h"
#include "attest/verify/tpm_quote.h"
#include "base/error.h"

namespace adyton {
namespace {

// Whether a hardware report's data is the digest of the runtime data followed by zeros.
bool is_bound(const HclReport& hcl, BytesView report_data) {
  auto expected = hash(hcl.hash, as_bytes(hcl.runtime_json));
  if (!expected) return false;
  expected->resize(64);
  return std::ranges::equal(*expected, report_data);
}

void check_runtime_data(const HclReport& hcl, Findings& out) {
  const std::string_view name = hcl.snp ? "SEV-SNP report" : "TDREPORT";
  if (is_bound(hcl, hcl.report_data())) {
    out.pass("runtime data", fmt::format("the {} has its {}", name, name_of(hcl.hash)));
  } else {
    out.fail("runtime data", fmt::format("the {} of the runtime data is not in the {}", name_of(hcl.hash), name));
  }
}

// Only what runs at VMPL 0 is the paravisor; a report of a lower level is what the guest itself asked for.
void check_level(const SnpReport& report, Findings& out) {
  if (report.vmpl == 0) {
    out.pass("VMPL", "0, where the paravisor runs");
  } else if (report.vmpl == 0xffffffff) {
    out.fail("VMPL", "the host asked for the report, not the paravisor");
  } else {
    out.fail("VMPL", fmt::format("{}: the guest asked for the report, not the paravisor", report.vmpl));
  }
}

Findings verify_snp_part(const AzureCvmEvidence& evidence, const VerifyContext& context) {
  const SnpEvidence snp{.report = *evidence.hcl.snp,
                        .form = "HCL report",
                        .certificates = evidence.certificates,
                        .lists = {},
                        .request = {}};
  return verify_snp(snp, context);
}

std::optional<Findings> verify_tdx_part(const AzureCvmEvidence& evidence, const VerifyContext& context,
                                        TdQuoteVerifier verify_td_quote, Findings& out) {
  if (evidence.td_quote.empty()) {
    out.miss("TD quote",
             "only the processor that made a TDREPORT can check it: the quote for it is had from the instance metadata "
             "service, http://169.254.169.254/acc/tdquote");
    return std::nullopt;
  }
  if (!verify_td_quote) {
    out.miss("TD quote", "this program cannot verify TD quotes");
    return std::nullopt;
  }
  auto part = verify_td_quote(evidence.td_quote, context);
  if (!part) {
    out.fail("TD quote", part.error().message);
    return std::nullopt;
  }
  if (is_bound(evidence.hcl, part->claims.report_data)) {
    out.pass("TD quote", "it is over the hash of the runtime data, as the TDREPORT is");
  } else {
    out.fail("TD quote", "it is over other data than the hash of the runtime data");
  }
  return std::move(*part);
}

void verify_tpm_part(const AzureCvmEvidence& evidence, const VerifyContext& context, Findings& out) {
  if (!evidence.hcl.attestation_key) {
    out.miss("AK binding", "the runtime data does not name the virtual TPM's attestation key (HCLAkPub)");
  } else {
    out.pass("AK binding", "the runtime data names the virtual TPM's attestation key (HCLAkPub)");
  }
  if (!evidence.quote) {
    out.note("vTPM", "no quote of the virtual TPM was given: nothing is known of what was booted");
    return;
  }
  std::optional<TpmVoucher> voucher;
  if (evidence.hcl.attestation_key) voucher = TpmVoucher{*evidence.hcl.attestation_key, "the runtime data"};
  Findings part = verify_tpm_quote(*evidence.quote, context, voucher);
  out.claims.boot_chain = part.claims.boot_chain;
  out.claims.report_data = part.claims.report_data;
  out.parts.emplace_back("vTPM", std::move(part));
}

void describe(const HclReport& hcl, Findings& out) {
  const auto field = [&](std::string_view name, std::string value) {
    out.fields.push_back({std::string(name), std::move(value)});
  };
  const auto flag = [&](std::string_view name, const std::optional<bool>& value) {
    if (value) field(name, *value ? "true" : "false");
  };
  field("hcl.version", std::to_string(hcl.version));
  flag("vm-configuration.secure-boot", hcl.secure_boot);
  flag("vm-configuration.tpm-enabled", hcl.tpm_enabled);
  flag("vm-configuration.console-enabled", hcl.console_enabled);
  if (!hcl.vm_id.empty()) field("vm-configuration.vmUniqueId", hcl.vm_id);
  if (!hcl.user_data.empty()) field("user-data", to_hex(hcl.user_data));
}

}  // namespace

Findings verify_azure_cvm(const AzureCvmEvidence& evidence, const VerifyContext& context,
                          TdQuoteVerifier verify_td_quote) {
  Findings out;
  std::optional<Findings> hardware;
  if (evidence.hcl.snp) {
    hardware = verify_snp_part(evidence, context);
    check_level(*evidence.hcl.snp, out);
  } else {
    hardware = verify_tdx_part(evidence, context, verify_td_quote, out);
  }
  if (hardware) {
    out.claims = hardware->claims;
    out.parts.emplace_back("hardware", std::move(*hardware));
  } else {
    out.claims.platform = "tdx";
  }
  out.claims.report_data = evidence.hcl.user_data;
  check_runtime_data(evidence.hcl, out);
  describe(evidence.hcl, out);
  verify_tpm_part(evidence, context, out);
  return out;
}

}  // namespace adyton
