// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/sgx_report.h"

#include "base/zeros.h"

namespace adyton {
namespace {

void add_fields(const SgxReport& report, std::vector<Field>& out) {
  out.push_back({"CPUSVN", to_hex(report.cpu_svn())});
  out.push_back({"MISCSELECT", to_hex(report.misc_select())});
  out.push_back({"ATTRIBUTES", to_hex(report.attributes())});
  out.push_back({"MRENCLAVE", to_hex(report.mr_enclave())});
  out.push_back({"MRSIGNER", to_hex(report.mr_signer())});
  out.push_back({"ISVPRODID", std::to_string(report.isv_product_id())});
  out.push_back({"ISVSVN", std::to_string(report.isv_svn())});
  // Key separation and sharing (KSS): zero unless the enclave uses it.
  const auto add_unless_zero = [&](const char* name, BytesView value) {
    if (!all_zero(value)) out.push_back({name, to_hex(value)});
  };
  add_unless_zero("ISVEXTPRODID", report.isv_ext_product_id());
  add_unless_zero("ISVFAMILYID", report.isv_family_id());
  add_unless_zero("CONFIGID", report.config_id());
  if (report.config_svn() != 0) out.push_back({"CONFIGSVN", std::to_string(report.config_svn())});
  out.push_back({"REPORTDATA", to_hex(report.report_data())});
}

void add_claims(const SgxReport& report, Claims& claims) {
  claims.platform = "sgx";
  claims.debug = report.debug();
  claims.measurement = to_bytes(report.mr_enclave());
  claims.signer = to_bytes(report.mr_signer());
  claims.product = report.isv_product_id();
  claims.svn = report.isv_svn();
  claims.report_data = to_bytes(report.report_data());
  if (!all_zero(report.config_id())) claims.host_data = to_bytes(report.config_id());
}

}  // namespace

void tell_sgx_report(const SgxReport& report, Findings& findings) {
  add_claims(report, findings.claims);
  add_fields(report, findings.fields);
}

}  // namespace adyton
