// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/snp_fields.h"

#include <algorithm>

#include "base/error.h"
#include "base/zeros.h"

namespace adyton {
namespace {

class Fields {
 public:
  explicit Fields(std::vector<Field>& out) : out_(out) { out_.reserve(48); }
  void text(std::string_view name, std::string value) { out_.push_back({std::string(name), std::move(value)}); }
  void bytes(std::string_view name, BytesView value) { text(name, to_hex(value)); }
  void number(std::string_view name, std::uint64_t value) { text(name, fmt::format_int(value).str()); }
  void hex(std::string_view name, std::uint64_t value) { text(name, fmt::format("{:#x}", value)); }
  void flag(std::string_view name, bool value) { text(name, value ? "true" : "false"); }

 private:
  std::vector<Field>& out_;
};

void describe_tcb(Fields& fields, std::string name, SnpTcb tcb, SnpProduct product) {
  const SnpTcbParts parts = tcb.parts(product);
  fields.text(name, fmt::format("{:016x}", tcb.raw));
  name += '.';
  if (product == SnpProduct::kTurin) fields.number(name + "fmc", parts.fmc);
  fields.number(name + "boot_loader", parts.boot_loader);
  fields.number(name + "tee", parts.tee);
  fields.number(name + "snp", parts.snp);
  fields.number(name + "microcode", parts.microcode);
}

std::string version_text(SnpVersion version) {
  return fmt::format("{}.{}.{}", version.major, version.minor, version.build);
}

void describe_policy(Fields& fields, SnpPolicy policy) {
  fields.hex("policy", policy.raw);
  fields.text("policy.abi", fmt::format("{}.{}", policy.abi_major(), policy.abi_minor()));
  fields.flag("policy.smt", policy.smt());
  fields.flag("policy.migrate_ma", policy.migration_agent());
  fields.flag("policy.debug", policy.debug());
  fields.flag("policy.single_socket", policy.single_socket());
  fields.flag("policy.cxl_allow", policy.cxl());
  fields.flag("policy.mem_aes_256_xts", policy.mem_aes_256_xts());
  fields.flag("policy.rapl_dis", policy.rapl_disabled());
  fields.flag("policy.ciphertext_hiding", policy.ciphertext_hiding());
  fields.flag("policy.page_swap_disable", policy.page_swap_disabled());
}

// PLATFORM_INFO (40h): bits 0 to 5 and 7.
void describe_platform(Fields& fields, std::uint64_t info) {
  fields.hex("platform_info", info);
  fields.flag("platform_info.smt_en", (info & 1) != 0);
  fields.flag("platform_info.tsme_en", (info & 2) != 0);
  fields.flag("platform_info.ecc_en", (info & 4) != 0);
  fields.flag("platform_info.rapl_dis", (info & 8) != 0);
  fields.flag("platform_info.ciphertext_hiding_en", (info & 16) != 0);
  fields.flag("platform_info.alias_check_complete", (info & 32) != 0);
  fields.flag("platform_info.tio_en", (info & 128) != 0);
}

std::string_view signing_key_text(SnpSigningKey key) {
  switch (key) {
    case SnpSigningKey::kVcek: return "VCEK";
    case SnpSigningKey::kVlek: return "VLEK";
    case SnpSigningKey::kNone: break;
  }
  return "none";
}

}  // namespace

void describe_snp_report(const SnpReport& report, SnpProduct product, Findings& findings) {
  Claims& claims = findings.claims;
  claims.platform = "sev-snp";
  if (claims.hardware_model.empty() && product != SnpProduct::kUnknown) claims.hardware_model = name_of(product);
  claims.tcb_status = TcbStatus::kNone;
  claims.debug = report.policy.debug();
  claims.measurement = to_bytes(report.measurement());
  if (!all_zero(report.id_key_digest())) claims.signer = to_bytes(report.id_key_digest());
  claims.svn = report.guest_svn;
  claims.report_data = to_bytes(report.report_data());
  claims.host_data = to_bytes(report.host_data());

  Fields fields(findings.fields);
  fields.number("version", report.version);
  fields.number("guest_svn", report.guest_svn);
  describe_policy(fields, report.policy);
  fields.bytes("family_id", report.family_id());
  fields.bytes("image_id", report.image_id());
  fields.number("vmpl", report.vmpl);
  describe_platform(fields, report.platform_info);
  fields.flag("author_key_en", report.author_key_enabled);
  fields.flag("mask_chip_key", report.chip_key_masked);
  fields.text("signing_key", std::string(signing_key_text(report.signing_key)));
  fields.bytes("report_data", report.report_data());
  fields.bytes("measurement", report.measurement());
  fields.bytes("host_data", report.host_data());
  fields.bytes("id_key_digest", report.id_key_digest());
  fields.bytes("author_key_digest", report.author_key_digest());
  fields.bytes("report_id", report.report_id());
  fields.bytes("report_id_ma", report.report_id_ma());
  fields.bytes("chip_id", report.chip_id());
  describe_tcb(fields, "reported_tcb", report.reported_tcb, product);
  describe_tcb(fields, "current_tcb", report.current_tcb, product);
  describe_tcb(fields, "committed_tcb", report.committed_tcb, product);
  describe_tcb(fields, "launch_tcb", report.launch_tcb, product);
  fields.text("current_version", version_text(report.current_version));
  fields.text("committed_version", version_text(report.committed_version));
  if (report.version >= 3) {
    fields.text("cpuid",
                fmt::format("{:02x}/{:02x}/{:02x}", report.cpuid_family, report.cpuid_model, report.cpuid_stepping));
  }
  if (report.version >= 5) {
    fields.hex("launch_mit_vector", report.launch_mit_vector);
    fields.hex("current_mit_vector", report.current_mit_vector);
  }
}

}  // namespace adyton
