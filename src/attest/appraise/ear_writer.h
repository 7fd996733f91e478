// SPDX-License-Identifier: Apache-2.0
// Writes EAT attestation results (draft-ietf-rats-ear-04) as JWTs: what this library found out, for relying parties
// that understand AR4SI rather than the evidence itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/appraise/policy.h"
#include "attest/evidence/ear.h"
#include "attest/verify/findings.h"
#include "crypto/keys.h"

namespace adyton {

// What findings alone can tell, in AR4SI's words (2.3.4); what a policy adds goes into the vector afterwards, after
// which the status is `vector.worst()` again.
//   instance-identity  99 cryptographic validation failed, if any check failed; else no claim
//   hardware            2 genuine; 32 genuine but its TCB is out of date or needs hardening; 96 revoked; 97 not
//   recognised, if
//                       no level matches; no claim if a check failed or something is missing, or the TCB is not known
//   configuration      32 the TCB needs configuration; 96 debugging is on; else no claim
//   runtime-opaque      2 memory is encrypted and isolated, for sgx, tdx and sev-snp; 96 visible, if debugging is on
// Checks out of time count as missing: whoever accepts them has to say so in a policy.
EarAppraisal appraisal_of(std::string name, const Findings& findings);

// Likewise, with what a policy makes of it:
//   executables         3 approved ones were loaded, if the policy wanted a measurement, signer, product, svn or
//                      registers, and they are there; 33 unrecognised, if they are not
// The status is "contraindicated" if the verdict is not to accept what is genuine, and "none" if it cannot tell.
EarAppraisal appraisal_of(std::string name, const Verified& verified, const Verdict& verdict);

struct EarContents {
  std::string developer, build;  // of the verifier (ear.verifier-id): an URI or name, and a version; not empty
  Bytes nonce;                   // 8 to 64 bytes that the relying party gave, or none
  Bytes raw_evidence;            // what was appraised, or nothing: mind who will read it
  std::optional<std::int64_t> lifetime_seconds;  // then "exp" is set; more than 0
  std::vector<EarAppraisal> appraisals;          // at least one; names differ; `others` are not written
};

// Signed with ES256 or ES384 (kP256 or kP384). Errors: invalid: a key of another kind, contents out of range, a vector
// without claims, a status that is better than its vector allows.
Result<std::string> make_ear(const EarContents& contents, const PrivateKey& key, std::int64_t now);

}  // namespace adyton
