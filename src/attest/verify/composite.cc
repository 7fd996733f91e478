// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/composite.h"

#include <algorithm>

#include "base/error.h"
#include "base/zeros.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

constexpr std::size_t kLeastBytes = 32;  // of a digest or nonce that is compared

// Whether `field` is `value`, cut off or filled up with zeros.
bool holds(BytesView field, BytesView value) {
  const std::size_t size = std::min(field.size(), value.size());
  return size >= kLeastBytes && std::ranges::equal(field.first(size), value.first(size)) &&
         all_zero(field.subspan(size));
}

bool holds_digest(BytesView field, BytesView of) {
  return holds(field, sha256(of)) || holds(field, sha384(of)) || holds(field, sha512(of));
}

}  // namespace

std::optional<Binding> find_binding(const Claims& whole, const Claims& part, BytesView part_evidence) {
  if (whole.report_data.empty() || all_zero(whole.report_data)) return {};
  if (holds_digest(whole.report_data, part_evidence)) return Binding::kWholeHoldsPart;
  if (part.report_data.size() < kLeastBytes || all_zero(part.report_data)) return {};
  if (holds_digest(whole.report_data, part.report_data)) return Binding::kWholeHoldsPart;
  if (holds_digest(part.report_data, whole.report_data)) return Binding::kPartHoldsWhole;
  if (holds(whole.report_data, part.report_data)) return Binding::kSameChallenge;
  return {};
}

std::optional<Binding> add_bound_part(Findings& whole, std::string name, Findings part, BytesView part_evidence) {
  const auto binding = find_binding(whole.claims, part.claims, part_evidence);
  if (!binding) {
    whole.fail(kBinding, fmt::format("nothing binds {} to it: neither holds a digest of the other", name));
  } else if (*binding == Binding::kWholeHoldsPart) {
    whole.pass(kBinding, fmt::format("its report data is a digest of {}", name));
  } else if (*binding == Binding::kPartHoldsWhole) {
    whole.pass(kBinding, fmt::format("the nonce of {} is a digest of its report data", name));
  } else {
    whole.note(
        kBinding,
        fmt::format("{} answers the same nonce, which shows that both are fresh, not that they belong together", name));
  }
  whole.parts.push_back({std::move(name), std::move(part)});
  return binding;
}

}  // namespace adyton
