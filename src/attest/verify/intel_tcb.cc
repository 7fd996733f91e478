// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/intel_tcb.h"

#include <algorithm>

#include <fmt/format.h>

namespace adyton {
namespace {

bool reaches(const Svns& platform, const Svns& level) {
  return std::ranges::equal(platform, level, [](std::uint8_t have, std::uint8_t needed) { return have >= needed; });
}

bool reaches(const PckExtensions& platform, const TcbLevel& level) {
  return reaches(platform.components, level.sgx) && platform.pce_svn >= level.pce_svn;
}

Svns svns_of(BytesView tee_tcb_svn) {
  Svns out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::to_integer<std::uint8_t>(tee_tcb_svn[i]);
  return out;
}

bool is_out_of_date(TcbStatus status) {
  return status == TcbStatus::kOutOfDate || status == TcbStatus::kOutOfDateConfigurationNeeded;
}

// (value & mask) == wanted
bool fits(BytesView value, BytesView mask, BytesView wanted) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    if ((value[i] & mask[i]) != wanted[i]) return false;
  }
  return true;
}

}  // namespace

const TcbLevel* match_sgx_level(const TcbInfo& info, const PckExtensions& platform) {
  const auto found = std::ranges::find_if(info.levels, [&](const TcbLevel& level) { return reaches(platform, level); });
  return found == info.levels.end() ? nullptr : &*found;
}

const TcbLevel* match_tdx_level(const TcbInfo& info, const PckExtensions& platform, BytesView tee_tcb_svn) {
  Svns svns = svns_of(tee_tcb_svn);
  if (svns[1] > 0) svns[0] = svns[1] = 0xff;  // reaches whatever a level asks for
  const auto found = std::ranges::find_if(
      info.levels, [&](const TcbLevel& level) { return reaches(platform, level) && reaches(svns, level.tdx); });
  return found == info.levels.end() ? nullptr : &*found;
}

const IsvLevel* match_isv_level(const std::vector<IsvLevel>& levels, std::uint16_t svn) {
  const auto found = std::ranges::find_if(levels, [&](const IsvLevel& level) { return svn >= level.isv_svn; });
  return found == levels.end() ? nullptr : &*found;
}

const TdxModule* find_module(const TcbInfo& info, std::uint8_t version) {
  if (version == 0) return info.module ? &*info.module : nullptr;
  const auto found = std::ranges::find(info.module_versions, version, &TdxModule::version);
  return found == info.module_versions.end() ? nullptr : &*found;
}

TcbStatus merge_status(TcbStatus platform, TcbStatus part) {
  if (part == TcbStatus::kRevoked || part == TcbStatus::kNotSupported) return part;
  if (part != TcbStatus::kOutOfDate) return platform;
  switch (platform) {
    case TcbStatus::kUpToDate:
    case TcbStatus::kSwHardeningNeeded: return TcbStatus::kOutOfDate;
    case TcbStatus::kConfigurationNeeded:
    case TcbStatus::kConfigurationAndSwHardeningNeeded: return TcbStatus::kOutOfDateConfigurationNeeded;
    default: return platform;
  }
}

bool relaunch_advised(const TcbInfo& info, const TdReport& report, TcbStatus sgx, TcbStatus qe, TcbStatus module,
                      TcbStatus merged) {
  const bool platform_good = sgx == TcbStatus::kUpToDate || sgx == TcbStatus::kSwHardeningNeeded ||
                             (needs_configuration(sgx) && !is_out_of_date(sgx));
  if (!report.is_15 || qe != TcbStatus::kUpToDate || !platform_good || !is_out_of_date(merged) ||
      module != TcbStatus::kOutOfDate || info.levels.empty()) {
    return false;
  }
  const Svns loaded = svns_of(report.tee_tcb_svn2());
  const Svns& newest = info.levels.front().tdx;
  if (loaded[2] < newest[2]) return false;
  if (loaded[1] == 0) return loaded[0] >= newest[0];
  const TdxModule* identity = find_module(info, loaded[1]);
  return identity != nullptr && !identity->levels.empty() && loaded[0] >= identity->levels.front().isv_svn;
}

std::string svn_list(BytesView svns) {
  std::string out;
  for (const std::byte svn : svns) {
    if (!out.empty()) out += ',';
    out += std::to_string(std::to_integer<unsigned>(svn));
  }
  return out;
}

std::string identity_mismatch(const EnclaveIdentity& identity, const SgxReport& report) {
  if (!fits(report.misc_select(), identity.misc_select_mask, identity.misc_select)) {
    return fmt::format("MISCSELECT is {} instead of {} (mask {})", to_hex(report.misc_select()),
                       to_hex(identity.misc_select), to_hex(identity.misc_select_mask));
  }
  if (!fits(report.attributes(), identity.attributes_mask, identity.attributes)) {
    return fmt::format("ATTRIBUTES are {} instead of {} (mask {})", to_hex(report.attributes()),
                       to_hex(identity.attributes), to_hex(identity.attributes_mask));
  }
  if (!std::ranges::equal(report.mr_signer(), identity.mr_signer)) {
    return fmt::format("MRSIGNER is {} instead of {}", to_hex(report.mr_signer()), to_hex(identity.mr_signer));
  }
  if (report.isv_product_id() != identity.isv_product_id) {
    return fmt::format("ISVPRODID is {} instead of {}", report.isv_product_id(), identity.isv_product_id);
  }
  return {};
}

}  // namespace adyton
