// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tdx_quote.h"

#include <algorithm>

#include <fmt/format.h>

#include "attest/verify/intel_common.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

void add_fields(const TdReport& report, std::vector<Field>& out) {
  out.push_back({"TEE_TCB_SVN", to_hex(report.tee_tcb_svn())});
  out.push_back({"MRSEAM", to_hex(report.mr_seam())});
  out.push_back({"MRSIGNERSEAM", to_hex(report.mr_signer_seam())});
  out.push_back({"SEAMATTRIBUTES", to_hex(report.seam_attributes())});
  out.push_back({"TDATTRIBUTES", to_hex(report.td_attributes())});
  out.push_back({"XFAM", to_hex(report.xfam())});
  out.push_back({"MRTD", to_hex(report.mr_td())});
  out.push_back({"MRCONFIGID", to_hex(report.mr_config_id())});
  out.push_back({"MROWNER", to_hex(report.mr_owner())});
  out.push_back({"MROWNERCONFIG", to_hex(report.mr_owner_config())});
  for (unsigned i = 0; i < 4; ++i) out.push_back({"RTMR" + std::to_string(i), to_hex(report.rtmr(i))});
  out.push_back({"REPORTDATA", to_hex(report.report_data())});
  if (!report.is_15) return;
  out.push_back({"TEE_TCB_SVN_2", to_hex(report.tee_tcb_svn2())});
  out.push_back({"MRSERVICETD", to_hex(report.mr_service_td())});
}

// From a TdReport or a LocalTdReport, which has the same fields elsewhere.
template <class Report>
void add_claims(const Report& report, Claims& claims) {
  claims.platform = "tdx";
  claims.debug = report.td_attributes()[0] != std::byte{0};
  claims.measurement = to_bytes(report.mr_td());
  claims.report_data = to_bytes(report.report_data());
  if (!all_zero(report.mr_owner())) claims.signer = to_bytes(report.mr_owner());
  if (!all_zero(report.mr_config_id())) claims.host_data = to_bytes(report.mr_config_id());
  claims.boot_chain.reserve(4);
  for (unsigned i = 0; i < 4; ++i) {
    claims.boot_chain.push_back({"RTMR" + std::to_string(i), to_bytes(report.rtmr(i))});
  }
}

// TDX Module ABI, TD_ATTRIBUTES: the bits that have a meaning outside TUD; the others are reserved, zero.
constexpr std::uint64_t kKnownAttributes =
    0xff | 1ULL << 27 | 1ULL << 28 | 1ULL << 29 | 1ULL << 30 | 1ULL << 31 | 1ULL << 62 | 1ULL << 63;

void verify_attributes(const TdReport& report, Findings& findings) {
  const std::uint64_t bits = report.attribute_bits();
  if ((bits & ~kKnownAttributes) != 0) {
    findings.note("TD attributes", fmt::format("unknown attributes {:#x}", bits & ~kKnownAttributes));
  }
  if (report.debug()) {
    findings.note("TD attributes", "the host can read and change this TD (TUD bits: debug)");
  }
  if (report.migratable()) findings.note("TD attributes", "this TD may be migrated (see MRSERVICETD)");
}

}  // namespace

Findings verify_tdx_quote(const TdxQuote& quote, const VerifyContext& context) {
  Findings out;
  out.checks.reserve(24);
  out.fields.reserve(36);
  add_claims(quote.report, out.claims);
  out.fields.push_back({"quote version", std::to_string(quote.header.version())});
  add_fields(quote.report, out.fields);
  verify_attributes(quote.report, out);
  const QuoteSigner signer = verify_quote_signatures(quote.signed_part, quote.signature, context, out);
  verify_intel_tcb(signer, quote.signature.qe_report, &quote.report, context, out);
  return out;
}

Findings verify_local_td_report(const LocalTdReport& report) {
  Findings out;
  add_claims(report, out.claims);
  out.claims.tcb_status = TcbStatus::kUnknown;
  const bool good = std::ranges::equal(sha384(report.tee_tcb_info()), report.tee_tcb_info_hash()) &&
                    std::ranges::equal(sha384(report.td_info()), report.tee_info_hash());
  if (good) out.pass("TDREPORT hashes", "of TEE_TCB_INFO and TDINFO");
  if (!good) out.fail("TDREPORT hashes", "TEE_TCB_INFO or TDINFO is not what the report was made of");
  out.miss("TDREPORT MAC", "a TDREPORT can be checked only by the processor that made it: have a quote made of it");
  return out;
}

}  // namespace adyton
