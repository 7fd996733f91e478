// SPDX-License-Identifier: Apache-2.0
// Which level of a TCB info a platform has, and what that makes of it: pure comparisons, as Intel's quote verification
// library (QVL) does them.
//
// Intel PCS API v4, "Get TCB Info", appendix "Determining TCB status"; "TDX DCAP Quoting Library API", appendix A.3.9.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "attest/collateral/intel_tcb.h"
#include "attest/evidence/pck_extensions.h"
#include "attest/evidence/sgx_report.h"
#include "attest/evidence/tdx_quote.h"
#include "attest/verify/findings.h"

namespace adyton {

// The first level whose every SGX component and PCESVN the platform reaches. Null: none.
const TcbLevel* match_sgx_level(const TcbInfo& info, const PckExtensions& platform);

// The first level whose TDX components the TD's TEE_TCB_SVN reaches too. When TEE_TCB_SVN[1], the version of the TDX
// module, is not zero, components 0 and 1 are left out: the module is then judged by its own identity.
const TcbLevel* match_tdx_level(const TcbInfo& info, const PckExtensions& platform, BytesView tee_tcb_svn);

// The first level at or below `svn`. Null: none.
const IsvLevel* match_isv_level(const std::vector<IsvLevel>& levels, std::uint16_t svn);

// What describes the TDX module of this version: "tdxModule" for 0, else the identity of that version. Null: none.
const TdxModule* find_module(const TcbInfo& info, std::uint8_t version);

// A platform's status with that of a part of it (QE or TDX module: kUpToDate, kOutOfDate, kRevoked, kNotSupported).
TcbStatus merge_status(TcbStatus platform, TcbStatus part);

// Whether starting the TD anew would mend it: the TD was started under an older TDX module, and the one loaded now
// (TEE_TCB_SVN_2) is the newest. Statuses: of the SGX level, of the QE, of the TDX module, and all but the QE's merged.
bool relaunch_advised(const TcbInfo& info, const TdReport& report, TcbStatus sgx, TcbStatus qe, TcbStatus module,
                      TcbStatus merged);

// Why a QE's report does not fit an identity; empty if it does (its ISVSVN is another matter).
std::string identity_mismatch(const EnclaveIdentity& identity, const SgxReport& report);

// "11,11,3,3,...": for people.
std::string svn_list(BytesView svns);

}  // namespace adyton
