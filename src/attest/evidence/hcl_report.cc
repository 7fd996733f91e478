// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/hcl_report.h"

#include <algorithm>

#include "attest/json.h"
#include "base/base64.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/zeros.h"

namespace adyton {
namespace {

constexpr std::string_view kMagic = "HCLA";
constexpr std::size_t kMaxBytes = 64 * 1024;
constexpr std::size_t kTdReportData = 128;  // REPORTDATA within the REPORTMACSTRUCT that a TDREPORT_STRUCT begins with

Result<HashAlgorithm> hash_of(std::uint32_t type) {
  switch (type) {
    case 1: return HashAlgorithm::kSha256;
    case 2: return HashAlgorithm::kSha384;
    case 3: return HashAlgorithm::kSha512;
    default: return invalid("hash type {}", type);
  }
}

Result<VerifyingKey> parse_rsa_key(const nlohmann::json& key) {
  const std::string *type = find_string(key, "kty"), *n = find_string(key, "n"), *e = find_string(key, "e");
  if (!type || *type != "RSA" || !n || !e) return invalid("it is no RSA key");
  return VerifyingKey::from_rsa(TRY(parse_base64url(*n)), TRY(parse_base64url(*e)));
}

Result<void> read_keys(const nlohmann::json& keys, HclReport& out) {
  if (!keys.is_array()) return invalid("\"keys\" is no array");
  for (const nlohmann::json& key : keys) {
    const std::string* id = find_string(key, "kid");
    if (!id || *id != "HCLAkPub") continue;
    if (out.attestation_key) return invalid("HCLAkPub is there twice");
    // Older paravisors say that it is for encryption ("key_ops"): it signs nevertheless.
    out.attestation_key = TRY(parse_rsa_key(key).within("HCLAkPub"));
  }
  return {};
}

std::optional<bool> find_boolean(const nlohmann::json& object, const char* name) {
  const nlohmann::json* member = find_member(object, name);
  return member && member->is_boolean() ? std::optional(member->get<bool>()) : std::nullopt;
}

Result<void> read_runtime(HclReport& out) {
  const nlohmann::json json = TRY(parse_json(out.runtime_json, {.bytes = kMaxBytes, .depth = 8}));
  if (!json.is_object()) return invalid("it is no object");
  if (const nlohmann::json* keys = find_member(json, "keys")) TRY(read_keys(*keys, out));
  if (const nlohmann::json* vm = find_member(json, "vm-configuration")) {
    out.secure_boot = find_boolean(*vm, "secure-boot");
    out.tpm_enabled = find_boolean(*vm, "tpm-enabled");
    out.console_enabled = find_boolean(*vm, "console-enabled");
    if (const std::string* id = find_string(*vm, "vmUniqueId")) out.vm_id = *id;
  }
  if (const std::string* data = find_string(json, "user-data")) {
    out.user_data = TRY(parse_hex(*data).within("user-data"));
    if (out.user_data.size() > 64) return invalid("user-data of {} bytes", out.user_data.size());
  }
  return {};
}

Result<HclReport> parse(BytesView bytes) {
  if (bytes.size() > kMaxBytes) return invalid("{} bytes are too many", bytes.size());
  Cursor cursor(bytes);
  const BytesView header = TRY(cursor.read_bytes(HclReport::kHeaderBytes));
  if (as_text(header.first(4)) != kMagic) return invalid("it does not begin with HCLA");
  HclReport out;
  out.version = load_le<std::uint32_t>(header, 4);
  if (out.version != 1 && out.version != 2) return invalid("version {} is neither 1 nor 2", out.version);
  const auto size = load_le<std::uint32_t>(header, 8), status = load_le<std::uint32_t>(header, 16);
  if (status != 0) return invalid("its status is {}", status);
  if (!all_zero(header.subspan(20))) return invalid("reserved bytes of the header are not zero");
  const BytesView hardware = TRY(cursor.read_bytes(HclReport::kHardwareBytes));

  const BytesView runtime = TRY(cursor.read_bytes(HclReport::kRuntimeHeaderBytes));
  const auto data_size = load_le<std::uint32_t>(runtime, 0), kind = load_le<std::uint32_t>(runtime, 8);
  const auto json_size = load_le<std::uint32_t>(runtime, 16);
  if (load_le<std::uint32_t>(runtime, 4) != 1) return invalid("another version of the runtime data");
  out.hash = TRY(hash_of(load_le<std::uint32_t>(runtime, 12)));
  const BytesView json = TRY(cursor.read_bytes(json_size));
  if (data_size != HclReport::kRuntimeHeaderBytes + json.size() ||
      size != HclReport::kHeaderBytes + HclReport::kHardwareBytes + data_size) {
    return invalid("its sizes contradict each other: {}, {} and {}", size, data_size, json_size);
  }
  if (!all_zero(TRY(cursor.read_bytes(cursor.remaining())))) return invalid("something follows the report");

  if (kind == static_cast<std::uint32_t>(HclReport::Hardware::kSnp)) {
    out.snp = TRY(parse_snp_report(hardware));
  } else if (kind == static_cast<std::uint32_t>(HclReport::Hardware::kTdx)) {
    out.hardware = HclReport::Hardware::kTdx;
    // REPORTTYPE of a TD: 81h, subtype 0 (Intel SDM 3D, 38.15, table 38-25).
    if (hardware[0] != std::byte{0x81}) return invalid("the hardware report is no TDREPORT");
    out.td_report = to_bytes(hardware.first(HclReport::kTdReportBytes));
    if (!all_zero(hardware.subspan(HclReport::kTdReportBytes))) return invalid("something follows the TDREPORT");
  } else {
    return invalid("a report of type {} is neither SNP nor TDX", kind);
  }
  out.bytes = to_bytes(bytes);
  out.runtime_json = as_text(json);
  TRY(read_runtime(out).within("runtime data"));
  return out;
}

}  // namespace

BytesView HclReport::report_data() const {
  return snp ? snp->report_data() : BytesView(td_report).subspan(kTdReportData, 64);
}

Result<HclReport> parse_hcl_report(BytesView bytes) { return parse(bytes).within("not an HCL report"); }

bool looks_like_hcl_report(BytesView bytes) { return as_text(bytes).starts_with(kMagic); }

}  // namespace adyton
