// SPDX-License-Identifier: Apache-2.0
// The second half of attest/verify/intel_common.h: QE identity, TCB info, status.
#include <algorithm>

#include <fmt/format.h>

#include "attest/evidence/intel_quote.h"
#include "attest/verify/intel_collateral.h"
#include "attest/verify/intel_common.h"
#include "attest/verify/intel_tcb.h"
#include "base/utc.h"
#include "base/zeros.h"

namespace adyton {
namespace {

constexpr std::string_view kService = "https://api.trustedservices.intel.com";

class Evaluation {
 public:
  Evaluation(const QuoteSigner& signer, const SgxReport& qe_report, const TdReport* td, const VerifyContext& context,
             Findings& findings)
      : signer_(signer), qe_report_(qe_report), td_(td), context_(context), findings_(findings), signers_(context) {}

  void run() {
    findings_.claims.tcb_status = TcbStatus::kUnknown;
    verify_identity();
    const TcbInfo* info = find_info();
    if (td_ != nullptr) verify_module(info);
    if (info != nullptr) evaluate(*info);
  }

 private:
  // The QE's report against its identity; sets qe_status_ if all of it is Intel's.
  void verify_identity() {
    const EnclaveId id = td_ != nullptr ? EnclaveId::kTdQe : EnclaveId::kQe;
    const EnclaveIdentity* identity = choose_identity(context_, id);
    const std::string url = fmt::format("{}/{}/certification/v4/qe/identity", kService, tee());
    if (identity == nullptr) {
      findings_.miss("QE identity", fmt::format("the enclave identity of {}: it is had from {}", name_of(id), url));
      return;
    }
    const bool genuine = signers_.verify(*identity, {"QE identity signature", "QE identity validity", url}, findings_);
    if (!genuine) return;
    findings_.fields.push_back({"QE identity evaluation number", std::to_string(identity->evaluation_number)});
    if (!signer_.qe_report_signed) return;
    const std::string mismatch = identity_mismatch(*identity, qe_report_);
    if (!mismatch.empty()) {
      findings_.fail("QE identity",
                     fmt::format("the quoting enclave is not Intel's {}: its {}", name_of(id), mismatch));
      return;
    }
    const IsvLevel* level = match_isv_level(identity->levels, qe_report_.isv_svn());
    qe_status_ = level != nullptr ? level->status : TcbStatus::kNotSupported;
    qe_level_ = level;
    findings_.pass("QE identity",
                   fmt::format("Intel's {}, ISVSVN {}: {}", name_of(id), qe_report_.isv_svn(), name_of(*qe_status_)));
    field("QE TCB status", *qe_status_);
  }

  // The platform's TCB info, if it is Intel's.
  const TcbInfo* find_info() {
    if (!signer_.platform) return nullptr;
    const PckExtensions& platform = *signer_.platform;
    const TcbInfo* info = choose_tcb_info(context_, platform, td_ != nullptr);
    const std::string url = fmt::format("{}/{}/certification/v4/tcb?fmspc={}", kService, tee(), to_hex(platform.fmspc));
    if (info == nullptr) {
      findings_.miss("TCB info",
                     fmt::format("{} TCB info of FMSPC {} and PCEID {} ({} others were given): it is had from {}",
                                 td_ != nullptr ? "the TDX" : "the SGX", to_hex(platform.fmspc),
                                 to_hex(platform.pce_id), context_.collateral.tcb_infos().size(), url));
      return nullptr;
    }
    return signers_.verify(*info, {"TCB info signature", "TCB info validity", url}, findings_) ? info : nullptr;
  }

  // The TDX module: signed by Intel (MRSIGNERSEAM zero, or as the TCB info has it), without attributes.
  void verify_module(const TcbInfo* info) {
    const auto version = std::to_integer<std::uint8_t>(td_->tee_tcb_svn()[1]);
    if (!all_zero(td_->seam_attributes())) {
      findings_.fail("TDX module", "SEAMATTRIBUTES are not zero: a TDX module for debugging");
      return;
    }
    if (info == nullptr) {
      if (all_zero(td_->mr_signer_seam())) findings_.pass("TDX module", "MRSIGNERSEAM and SEAMATTRIBUTES are zero");
      if (!all_zero(td_->mr_signer_seam()))
        findings_.miss("TDX module", "whose module this is, the TCB info would say");
      return;
    }
    const TdxModule* module = find_module(*info, version);
    if (module == nullptr) {
      findings_.fail("TDX module",
                     fmt::format("the TCB info knows no TDX module of version {} (TDX_{:02X})", version, version));
      return;
    }
    if (!std::ranges::equal(module->mr_signer, td_->mr_signer_seam()) || !all_zero(module->attributes)) {
      findings_.fail("TDX module", fmt::format("MRSIGNERSEAM is {} instead of {}, or other SEAMATTRIBUTES are wanted",
                                               to_hex(td_->mr_signer_seam()), to_hex(module->mr_signer)));
      return;
    }
    module_status_ = TcbStatus::kUpToDate;  // version 0 is judged by the TCB level alone
    if (version != 0) {
      module_level_ = match_isv_level(module->levels, std::to_integer<std::uint8_t>(td_->tee_tcb_svn()[0]));
      module_status_ = module_level_ != nullptr ? module_level_->status : TcbStatus::kNotSupported;
      field("TDX module TCB status", *module_status_);
    }
    findings_.pass("TDX module", fmt::format("Intel's, version {}: {}", version, name_of(*module_status_)));
  }

  void evaluate(const TcbInfo& info) {
    const PckExtensions& platform = *signer_.platform;
    findings_.fields.push_back({"TCB info evaluation number", std::to_string(info.evaluation_number)});
    const TcbLevel* sgx = match_sgx_level(info, platform);
    const TcbLevel* level = td_ != nullptr ? match_tdx_level(info, platform, td_->tee_tcb_svn()) : sgx;
    TcbStatus status = level != nullptr ? level->status : TcbStatus::kNotSupported;
    field("platform TCB status", status);
    if (level == nullptr) {
      findings_.note("TCB level", "no level of the TCB info is as low as this platform's TCB");
      findings_.claims.tcb_status = TcbStatus::kNotSupported;
      return;
    }
    add_level(*level);
    findings_.note("TCB level", fmt::format("the platform's, of {}: {}", utc_text(level->date), name_of(status)));
    add_advisories(level->advisories);
    if (module_level_ != nullptr) add_advisories(module_level_->advisories);
    if (qe_level_ != nullptr) add_advisories(qe_level_->advisories);
    if (td_ != nullptr && !module_status_) return;  // another TDX module: already failed
    if (td_ != nullptr) status = merge_status(status, *module_status_);
    if (!qe_status_) return;
    if (td_ != nullptr && relaunch_advised(info, *td_, sgx->status, *qe_status_, *module_status_, status)) {
      findings_.note("TD relaunch",
                     "the TDX module was updated after this TD started: started anew, it would be up to "
                     "date");
    }
    findings_.claims.tcb_status = merge_status(status, *qe_status_);
  }

  void add_level(const TcbLevel& level) {
    findings_.fields.push_back({"TCB level date", utc_text(level.date)});
    findings_.fields.push_back({"TCB level components", fmt::format("{}", fmt::join(level.sgx, ","))});
    findings_.fields.push_back({"TCB level PCESVN", std::to_string(level.pce_svn)});
    if (td_ == nullptr) return;
    std::vector<unsigned> svns;
    for (const std::byte svn : td_->tee_tcb_svn()) svns.push_back(std::to_integer<unsigned>(svn));
    findings_.fields.push_back({"TEE TCB components", fmt::format("{}", fmt::join(svns, ","))});
    findings_.fields.push_back({"TCB level TDX components", fmt::format("{}", fmt::join(level.tdx, ","))});
  }

  void add_advisories(const std::vector<std::string>& more) {
    std::vector<std::string>& all = findings_.claims.advisories;
    for (const std::string& one : more) {
      if (std::ranges::find(all, one) == all.end()) all.push_back(one);
    }
  }

  void field(const char* name, TcbStatus status) { findings_.fields.push_back({name, std::string(name_of(status))}); }

  [[nodiscard]] std::string_view tee() const { return td_ != nullptr ? "tdx" : "sgx"; }

  const QuoteSigner& signer_;
  const SgxReport& qe_report_;
  const TdReport* td_;
  const VerifyContext& context_;
  Findings& findings_;
  IntelSigners signers_;
  std::optional<TcbStatus> qe_status_, module_status_;
  const IsvLevel* qe_level_ = nullptr;
  const IsvLevel* module_level_ = nullptr;
};

}  // namespace

void verify_intel_tcb(const QuoteSigner& signer, const SgxReport& qe_report, const TdReport* td,
                      const VerifyContext& context, Findings& findings) {
  Evaluation(signer, qe_report, td, context, findings).run();
}

}  // namespace adyton
