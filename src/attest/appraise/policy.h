// SPDX-License-Identifier: Apache-2.0
// What a relying party wants of evidence, written in TOML (docs/evidence/policy.md):
//
//   [accept]                             # all of it optional
//   debug = false
//   tcb_status = ["UpToDate", "SWHardeningNeeded"]
//   missing = false                      # collateral that is missing is a warning only
//   advisories = ["INTEL-SA-00615"]      # only these may be open; without the key: any
//   ear_status = ["affirming"]           # of attestation results
//
//   [expect]                             # each key one value, or a list of which one has to fit
//   platform = "sgx"
//   hardware_model = "Milan"
//   measurement = "0f3c..."              # hexadecimal
//   signer = ["83d7...", "c17e..."]
//   product = 1
//   svn = 2                              # at least
//   report_data = "..."                  # shorter than the evidence's: the rest must be zero
//   host_data = "..."
//
//   [expect.registers]                   # of the boot chain
//   PCR4 = "..."
//   [expect.fields]                      # in the vendor's own words; "PART/FIELD" for a part
//   "reported_tcb.snp" = "22"
//   [expect.at_least]                    # of fields that are decimal numbers
//   "reported_tcb.microcode" = 213
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/verify/verified.h"

namespace adyton {

struct Policy {
  bool accept_debug = false;
  bool accept_missing = false;
  std::vector<TcbStatus> tcb_status = {TcbStatus::kUpToDate, TcbStatus::kSwHardeningNeeded};
  std::optional<std::vector<std::string>> advisories;
  std::vector<std::string> ear_status = {"affirming"};  // names of TrustTier

  using Texts = std::vector<std::string>;
  Texts platform, hardware_model;
  std::vector<Bytes> measurement, signer, report_data, host_data;  // none: anything
  std::vector<std::uint64_t> product;
  std::optional<std::uint64_t> least_svn;
  std::vector<std::pair<std::string, std::vector<Bytes>>> registers;
  std::vector<std::pair<std::string, Texts>> fields;
  std::vector<std::pair<std::string, std::uint64_t>> least_fields;
};

// Errors: invalid, with the line: unknown keys, empty values and lists (an expectation that names nothing), bad hex.
Result<Policy> parse_policy(std::string_view toml);

// The name of a status of attestation results, checked. Errors: invalid.
Result<std::string> parse_ear_status(std::string_view name);

// One thing that was wanted, and what was found.
struct Clause {
  std::string name;    // "measurement", "registers.PCR4"
  std::string wanted;  // for people
  std::string found;
  bool holds = false;
  std::string remedy;  // how to accept what was found, where there is a switch for it
};

class Verdict {
 public:
  [[nodiscard]] bool accepted() const { return exit_status_ == 0; }
  [[nodiscard]] const std::vector<Clause>& clauses() const { return clauses_; }
  // What the tool ends with: 0 accepted; 14 not genuine; 12 undecided; 15 out of time; 13 a clause does not hold. The
  // first of these that applies.
  [[nodiscard]] int exit_status() const { return exit_status_; }

 private:
  friend Verdict appraise(const Verified&, const Policy&);
  Verdict() = default;
  int exit_status_ = 14;
  std::vector<Clause> clauses_;
};

// Every clause, also after one that does not hold. Pure.
Verdict appraise(const Verified& verified, const Policy& policy);

// A policy that accepts exactly this: what a known-good sample says, but not its report data. Errors: untrusted, when
// the sample is not genuine.
Result<std::string> policy_text_of(const Verified& sample);

}  // namespace adyton
