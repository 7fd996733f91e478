// SPDX-License-Identifier: Apache-2.0
// Whether two pieces of evidence belong together: a GPU's report and that of the confidential virtual machine it
// serves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <adyton/bytes.h>
#include "attest/verify/findings.h"

namespace adyton {

inline constexpr std::string_view kBinding = "binding";  // the name of the check

enum class Binding : std::uint8_t {
  kWholeHoldsPart,  // what the workload put into the whole's evidence is a digest of the part's evidence or of its
                    // nonce
  kPartHoldsWhole,  // the part answers a nonce that is a digest of what the workload put into the whole's evidence
  kSameChallenge,   // both hold the same nonce: both are fresh, but nothing says that one has seen the other
};

// How `part`, the findings over `part_evidence`, is bound to `whole`. Digests are SHA-256, SHA-384 and SHA-512; a field
// that is longer is filled up with zero bytes; one that is shorter holds the digest's first bytes, at least 32.
// Compares claims only: both have to be verified for it to mean anything. Nothing: there is no binding.
std::optional<Binding> find_binding(const Claims& whole, const Claims& part, BytesView part_evidence);

// Makes `part` a part of `whole` by that name, with a kBinding check in `whole`: passed for the first two, noted for
// kSameChallenge, failed for none.
std::optional<Binding> add_bound_part(Findings& whole, std::string name, Findings part, BytesView part_evidence);

}  // namespace adyton
