// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/intel_collateral.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "attest/verify/chain.h"
#include "base/utc.h"

namespace adyton {
namespace {

constexpr std::string_view kSignerName = "Intel SGX TCB Signing";  // PCK certificate profile, 1.3.7

bool in_force(const IntelSigned& document, std::int64_t now) {
  return document.issue_date <= now && now <= document.next_update;
}

// Whether `a` is to be taken rather than `b`.
bool better(const IntelSigned& a, const IntelSigned& b, std::int64_t now) {
  const bool a_now = in_force(a, now), b_now = in_force(b, now);
  if (a_now != b_now) return a_now;
  if (a_now) return std::pair(a.evaluation_number, a.issue_date) > std::pair(b.evaluation_number, b.issue_date);
  return a.issue_date > b.issue_date;
}

template <class T, class Fits>
const T* choose(const std::vector<std::shared_ptr<const T>>& all, std::int64_t now, Fits&& fits) {
  const T* best = nullptr;
  for (const auto& one : all) {
    if (fits(*one) && (best == nullptr || better(*one, *best, now))) best = one.get();
  }
  return best;
}

bool valid_at(const Certificate& certificate, std::int64_t now) {
  return certificate.not_before() <= now && now <= certificate.not_after();
}

}  // namespace

const TcbInfo* choose_tcb_info(const VerifyContext& context, const PckExtensions& platform, bool tdx) {
  return choose(context.collateral.tcb_infos(), context.now, [&](const TcbInfo& info) {
    return info.tdx == tdx && info.fmspc == platform.fmspc && info.pce_id == platform.pce_id;
  });
}

const EnclaveIdentity* choose_identity(const VerifyContext& context, EnclaveId id) {
  return choose(context.collateral.identities(), context.now,
                [&](const EnclaveIdentity& identity) { return identity.id == id; });
}

IntelSigners::IntelSigners(const VerifyContext& context) : context_(context) {
  for (const Certificate& certificate : context.collateral.certificates()) {
    if (certificate.subject().common_name() == kSignerName) candidates_.push_back(&certificate);
  }
  std::ranges::stable_partition(candidates_, [&](const Certificate* one) { return valid_at(*one, context.now); });
}

bool IntelSigners::verify(const IntelSigned& document, const Names& names, Findings& findings) {
  const std::string described =
      fmt::format("{} (evaluation number {}, in force from {} to {})", document.name, document.evaluation_number,
                  utc_text(document.issue_date), utc_text(document.next_update));
  if (in_force(document, context_.now)) {
    findings.pass(names.validity, described);
  } else {
    findings.out_of_time(names.validity, fmt::format("{}, not at {}; another is had from {}", described,
                                                     utc_text(context_.now), names.url));
  }
  if (candidates_.empty()) {
    findings.miss(names.signature, fmt::format("a certificate of \"{}\": it comes in the headers of the answer from {}",
                                               kSignerName, names.url));
    return false;
  }
  const auto signed_by = [&](const Certificate* one) {
    return one->key()
        .verify(SignatureAlgorithm::kEcdsaSha256, document.bytes, document.signature, EcdsaForm::kRaw, context_.seen)
        .has_value();
  };
  const auto signer = std::ranges::find_if(candidates_, signed_by);
  if (signer == candidates_.end()) {
    findings.fail(names.signature,
                  fmt::format("{} is not signed by any \"{}\" certificate that was given", document.name, kSignerName));
    return false;
  }
  findings.pass(names.signature);
  if (!known_ || known_->signer != *signer) {
    const ChainRules rules{.use = AnchorUse::kIntelSgx,
                           .what = "TCB signing chain",
                           .roles = {"TCB signing", "Intel SGX Root CA"},
                           .needs_lists = true,
                           .leaf_signs = true};
    known_ = Known{*signer, verify_chain(**signer, {}, rules, context_, findings)};
  }
  return known_->trusted;
}

}  // namespace adyton
