// SPDX-License-Identifier: Apache-2.0
#include "enclave/host_self.h"

#include "base/error.h"
#include "call/builtin_calls.h"

namespace adyton {
namespace {

constexpr std::size_t kKeyBytes = 32, kLabelBytes = 64, kReportDataBytes = 64;
constexpr std::size_t kEvidenceBytes = 1u << 20;

}  // namespace

Result<Secret> HostSelf::sealing_key(SealPolicy policy, std::string_view label,
                                     std::optional<std::uint16_t> svn) const {
  if (label.empty() || label.size() > kLabelBytes)
    return invalid("a sealing key's label has 1 to {} bytes", kLabelBytes);
  if (policy == SealPolicy::kSigner && svn.value_or(0) > identity_.svn) {
    return denied("a sealing key of svn {} is not for an enclave of svn {}", *svn, identity_.svn);
  }
  auto key = TRY(detail::call_through(host_, {}, builtin::sealing_key, static_cast<std::uint8_t>(policy), label, svn));
  Secret out = Secret::copy_of(key);
  wipe(key);
  if (out.size() != kKeyBytes) return invalid("the host gave a sealing key of {} bytes", out.size());
  return out;
}

Result<Bytes> HostSelf::evidence(BytesView report_data) const {
  if (report_data.size() > kReportDataBytes) {
    return invalid("report data has at most {} bytes, not {}: give a digest", kReportDataBytes, report_data.size());
  }
  auto evidence = TRY(detail::call_through(host_, {}, builtin::evidence, report_data));
  if (evidence.size() > kEvidenceBytes) return invalid("the host gave evidence of {} bytes", evidence.size());
  return evidence;
}

}  // namespace adyton
