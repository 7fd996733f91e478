// SPDX-License-Identifier: Apache-2.0
// What the reports for people have in common: which words are used, what belongs together.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attest/appraise/policy.h"
#include "attest/verify/verified.h"

namespace adyton {

// Text of unknown origin as it may be shown: what is not UTF-8, control characters, and characters that turn the
// direction of writing or end lines become "?", line ends a space.
std::string shown(std::string_view text);

std::string_view platform_text(std::string_view platform);  // "Intel SGX enclave" of "sgx"
std::string_view explain(TcbStatus status);                 // what it means for who relies on it
std::string bytes_text(BytesView bytes);                    // hexadecimal, or "zero (64 bytes)"

struct Row {
  std::string name, value;
};

// What the evidence is of: platform, model, measurements and so on, under names that the vendor's users know. `value`
// is not yet shown().
std::vector<Row> identity_rows(const Claims& claims);
// The boot chain; registers in a row that are zero are one entry.
std::vector<Row> register_rows(const Claims& claims);
// How fresh the platform is: TCB status, levels, advisories. Empty, if the kind knows no such thing.
std::vector<Row> freshness_rows(const Findings& findings);

// The chains among the links, each from its leaf up.
std::vector<std::span<const ChainLink>> chains_of(std::span<const ChainLink> links);

// A check, and the parts that lead to it ("vTPM/").
struct FoundCheck {
  std::string part;
  const Check* check;
};
// Those that stand against the evidence: failed first, then missing, then out of time. Of parts too.
std::vector<FoundCheck> problems_of(const Findings& findings);

// The value of a field, or empty.
std::string_view field_of(const Findings& findings, std::string_view name);

}  // namespace adyton
