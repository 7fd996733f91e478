// SPDX-License-Identifier: Apache-2.0
// Evidence of any kind that cryptography has looked at: what came out, and nothing that could be taken for more.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "attest/evidence/evidence.h"
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

// In the order in which they decide where several hold.
enum class Answer : std::uint8_t {
  kNotGenuine,  // a signature, chain or binding does not hold
  kUndecided,   // something that is needed to tell is missing
  kOutOfTime,   // genuine, but a certificate, revocation list or other collateral is not valid at the time asked about
  kGenuine,     // all of it holds, at that time. Whether it is wanted is appraise()'s to say
};
std::string_view name_of(Answer answer);  // "genuine", "not genuine", "undecided", "out of time"

// Only verify() makes one, of whatever the evidence was: ask answer() first.
class Verified {
 public:
  [[nodiscard]] std::string_view kind() const { return kind_; }          // "SGX quote 3"
  [[nodiscard]] std::string_view wrapping() const { return wrapping_; }  // Evidence::wrapping
  [[nodiscard]] Answer answer() const { return answer_; }                // of all parts together
  [[nodiscard]] const Findings& findings() const { return findings_; }
  [[nodiscard]] const Claims& claims() const { return findings_.claims; }
  [[nodiscard]] std::int64_t time() const { return time_; }  // that was asked about: seconds since 1970

 private:
  friend Verified verify(const Evidence&, const VerifyContext&);
  Verified() = default;
  std::string kind_, wrapping_;
  Answer answer_ = Answer::kNotGenuine;
  Findings findings_;
  std::int64_t time_ = 0;
};

// Checks evidence with the context and nothing else: no clock, no I/O, no state. Never fails: what is wrong is in the
// answer. Thread-safe.
Verified verify(const Evidence& evidence, const VerifyContext& context);

// The worst outcome of the checks, parts included; without those that are `missing`, if told so.
Answer answer_of(const Findings& findings, bool ignore_missing = false);

}  // namespace adyton
