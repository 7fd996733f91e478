// SPDX-License-Identifier: Apache-2.0
#include "attest/collateral/intel_tcb_writer.h"

#include <fmt/format.h>

#include "base/utc.h"

namespace adyton {
namespace {

std::string statuses(TcbStatus status, const std::vector<std::string>& advisories, std::int64_t date) {
  std::string out = fmt::format("\"tcbDate\":\"{}\",\"tcbStatus\":\"{}\"", utc_text(date), name_of(status));
  if (advisories.empty()) return out;
  return out + fmt::format(",\"advisoryIDs\":[\"{}\"]", fmt::join(advisories, "\",\""));
}

std::string components(const Svns& svns) {
  std::string out;
  for (const std::uint8_t svn : svns) out += fmt::format("{}{{\"svn\":{}}}", out.empty() ? "" : ",", svn);
  return "[" + out + "]";
}

std::string isv_levels(const std::vector<IsvLevel>& levels) {
  std::string out;
  for (const IsvLevel& level : levels) {
    out += fmt::format("{}{{\"tcb\":{{\"isvsvn\":{}}},{}}}", out.empty() ? "" : ",", level.isv_svn,
                       statuses(level.status, level.advisories, level.date));
  }
  return "[" + out + "]";
}

std::string module_fields(const TdxModule& module) {
  return fmt::format("\"mrsigner\":\"{}\",\"attributes\":\"{}\",\"attributesMask\":\"{}\"", to_hex(module.mr_signer),
                     to_hex(module.attributes), to_hex(module.attributes_mask));
}

std::string head(const IntelSigned& document) {
  return fmt::format("\"version\":{},\"issueDate\":\"{}\",\"nextUpdate\":\"{}\",\"tcbEvaluationDataNumber\":{}",
                     document.version, utc_text(document.issue_date), utc_text(document.next_update),
                     document.evaluation_number);
}

std::string tcb_of(const TcbLevel& level, const TcbInfo& info) {
  if (info.version == 3) {
    std::string out = fmt::format("\"sgxtcbcomponents\":{},\"pcesvn\":{}", components(level.sgx), level.pce_svn);
    if (info.tdx) out += ",\"tdxtcbcomponents\":" + components(level.tdx);
    return out;
  }
  std::string out = fmt::format("\"pcesvn\":{}", level.pce_svn);
  for (std::size_t i = 0; i < 16; ++i) out += fmt::format(",\"sgxtcbcomp{:02}svn\":{}", i + 1, level.sgx[i]);
  return out;
}

}  // namespace

std::string encode_unsigned(const TcbInfo& info) {
  std::string out = "{" + head(info);
  if (info.version == 3) out += fmt::format(",\"id\":\"{}\"", info.tdx ? "TDX" : "SGX");
  out += fmt::format(",\"fmspc\":\"{}\",\"pceId\":\"{}\",\"tcbType\":0", to_hex(info.fmspc), to_hex(info.pce_id));
  if (info.module) out += ",\"tdxModule\":{" + module_fields(*info.module) + "}";
  if (info.tdx) {
    std::string versions;
    for (const TdxModule& module : info.module_versions) {
      versions += fmt::format("{}{{\"id\":\"TDX_{:02X}\",{},\"tcbLevels\":{}}}", versions.empty() ? "" : ",",
                              *module.version, module_fields(module), isv_levels(module.levels));
    }
    out += ",\"tdxModuleIdentities\":[" + versions + "]";
  }
  std::string levels;
  for (const TcbLevel& level : info.levels) {
    levels += fmt::format("{}{{\"tcb\":{{{}}},{}}}", levels.empty() ? "" : ",", tcb_of(level, info),
                          statuses(level.status, level.advisories, level.date));
  }
  return out + ",\"tcbLevels\":[" + levels + "]}";
}

std::string encode_unsigned(const EnclaveIdentity& identity) {
  return fmt::format(
      "{{\"id\":\"{}\",{},\"miscselect\":\"{}\",\"miscselectMask\":\"{}\",\"attributes\":\"{}\",\"attributesMask\":\"{}"
      "\","
      "\"mrsigner\":\"{}\",\"isvprodid\":{},\"tcbLevels\":{}}}",
      name_of(identity.id), head(identity), to_hex(identity.misc_select), to_hex(identity.misc_select_mask),
      to_hex(identity.attributes), to_hex(identity.attributes_mask), to_hex(identity.mr_signer),
      identity.isv_product_id, isv_levels(identity.levels));
}

std::string tcb_info_answer(const std::string& text, BytesView signature) {
  return fmt::format("{{\"tcbInfo\":{},\"signature\":\"{}\"}}", text, to_hex(signature));
}

std::string enclave_identity_answer(const std::string& text, BytesView signature) {
  return fmt::format("{{\"enclaveIdentity\":{},\"signature\":\"{}\"}}", text, to_hex(signature));
}

}  // namespace adyton
