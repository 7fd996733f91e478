// SPDX-License-Identifier: Apache-2.0
// Choosing TCB infos and enclave identities among the collateral, and checking that they are Intel's and in force.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "attest/collateral/intel_tcb.h"
#include "attest/evidence/pck_extensions.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// Of several for the platform: the one in force at context.now with the highest evaluation number, else the newest.
// Null: there is none.
const TcbInfo* choose_tcb_info(const VerifyContext& context, const PckExtensions& platform, bool tdx);
const EnclaveIdentity* choose_identity(const VerifyContext& context, EnclaveId id);

// Checks signatures of TCB infos and identities. The chain of a signing certificate is checked once per verification.
class IntelSigners {
 public:
  explicit IntelSigners(const VerifyContext& context);

  // Adds the checks `names.signature` and `names.validity`, and those of the signing certificate's chain ("TCB signing
  // chain"). Returns whether Intel signed it, in force or not.
  struct Names {
    std::string_view signature, validity;
  };
  bool verify(const IntelSigned& document, Names names, Findings& findings);

 private:
  const VerifyContext& context_;
  std::vector<const Certificate*> candidates_;  // those valid now first
  struct Known {
    const Certificate* signer;
    bool trusted;
  };
  std::optional<Known> known_;
};

// "2025-06-04T09:51:38Z".
std::string intel_date(std::int64_t seconds);

}  // namespace adyton
