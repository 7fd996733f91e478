// SPDX-License-Identifier: Apache-2.0
// What checking evidence brings to light, in one vocabulary for all vendors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/x509.h"

namespace adyton {

// Intel's words (PCS API, "tcbStatus"), used for every vendor.
enum class TcbStatus : std::uint8_t {
  kNone,  // the kind of evidence knows no such thing
  kUpToDate,
  kSwHardeningNeeded,
  kConfigurationNeeded,
  kConfigurationAndSwHardeningNeeded,
  kOutOfDate,
  kOutOfDateConfigurationNeeded,
  kRevoked,
  kNotSupported,  // no level of the TCB info matches
  kUnknown,       // cannot be told: collateral is missing
};
std::string_view name_of(TcbStatus status);  // "UpToDate"
Result<TcbStatus> parse_tcb_status(std::string_view name);
bool needs_configuration(TcbStatus status);  // whatever else it says

inline constexpr std::string_view kEmulatedPlatform = " (emulated: isolates nothing)";

// What the evidence says of itself, as far as all kinds have it. Byte strings are empty and optionals unset where a
// kind has no such claim.
struct Claims {
  std::string platform;        // "sgx", "tdx", "sev-snp", "nitro", "tpm", "arm-cca", "psa", "nvidia-gpu", ...
  std::string hardware_model;  // "Milan", "FMSPC 00906ED50000", "GH100": what the evidence or its certificate says;
                               // it ends with kEmulatedPlatform if nothing is isolated there
  TcbStatus tcb_status = TcbStatus::kNone;
  std::vector<std::string> advisories;
  std::optional<bool> debug;
  Bytes measurement;  // of what was loaded first: MRENCLAVE, MRTD, launch digest, PCR0, RIM
  Bytes signer;       // MRSIGNER, MRSIGNERSEAM no; SHA-384 of the ID key; PCR8 of Nitro
  std::optional<std::uint64_t> product, svn;
  Bytes report_data;  // what the workload put in: user data, nonce, challenge
  Bytes host_data;    // what the host put in: HOST_DATA, MRCONFIGID
  struct Register {
    std::string name;  // "RTMR0", "PCR4"
    Bytes value;
  };
  std::vector<Register> boot_chain;
  std::string appraisal = {};  // of an attestation result: what its verifier decided, "affirming"
};

// How one step of the verification came out.
enum class Outcome : std::uint8_t {
  kPassed,
  kFailed,     // not genuine
  kMissing,    // something that is needed to tell was not given
  kOutOfTime,  // a certificate, list or other collateral is not valid at the time asked about
  kNoted,      // nothing to pass or fail: worth knowing
};

// One step. `what` is from a fixed list per kind (docs/evidence/), so that programs can look for it; `detail` is for
// people: which certificate, which field, what was expected and found, what is missing and where it can be had.
struct Check {
  std::string_view what;
  Outcome outcome;
  std::string detail;
};

// A certificate of a chain, from the leaf up.
struct ChainLink {
  std::string role;  // "PCK", "VCEK", "AWS root"
  Certificate certificate;
  bool anchor = false;  // built in or given as trusted
};

// A field of the evidence in the vendor's own words, for display and for vendor-specific policy clauses.
struct Field {
  std::string name;   // as in the specification: "MRENCLAVE", "reported_tcb.snp"
  std::string value;  // hex, a number, text
};

// Everything one verify_...() found out. Parts: evidence within evidence (a vTPM bound to an SNP report).
struct Findings {
  Claims claims;
  std::vector<Check> checks;
  std::vector<ChainLink> chain;
  std::vector<Field> fields;
  struct Part;
  std::vector<Part> parts;

  void pass(std::string_view what, std::string detail = {}) { add(what, Outcome::kPassed, std::move(detail)); }
  void fail(std::string_view what, std::string detail) { add(what, Outcome::kFailed, std::move(detail)); }
  void miss(std::string_view what, std::string detail) { add(what, Outcome::kMissing, std::move(detail)); }
  void out_of_time(std::string_view what, std::string detail) { add(what, Outcome::kOutOfTime, std::move(detail)); }
  void note(std::string_view what, std::string detail) { add(what, Outcome::kNoted, std::move(detail)); }

 private:
  void add(std::string_view what, Outcome outcome, std::string detail) {
    checks.push_back({what, outcome, std::move(detail)});
  }
};

struct Findings::Part {
  std::string name;  // "SEV-SNP report"
  Findings findings;
};

}  // namespace adyton
