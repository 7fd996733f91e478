// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tpm_evidence.h"

#include <algorithm>
#include <string>

#include "attest/verify/tpm_quote.h"

namespace adyton {
namespace {

// By the length of the digests; a quote without selection counts as nothing.
std::size_t strength(const TpmQuote& quote) {
  return quote.attest.selections.empty() ? 0 : size_of(quote.attest.selections[0].bank);
}

std::string name_of_part(const TpmQuote& quote) {
  const auto& selections = quote.attest.selections;
  return (selections.empty() ? "empty" : std::string(name_of(selections[0].bank))) + " quote";
}

// Quotes of several banks are of one moment: an old one beside a new one would show what was, as if it still were.
void check_nonces(const TpmEvidence& evidence, Findings& out) {
  const Bytes& nonce = evidence.quotes[0].attest.extra_data;
  const bool same =
      std::ranges::all_of(evidence.quotes, [&](const TpmQuote& quote) { return quote.attest.extra_data == nonce; });
  if (same) {
    out.pass("qualifying data", "all quotes answer the same nonce");
  } else {
    out.fail("qualifying data", "the quotes answer different nonces");
  }
}

}  // namespace

Findings verify_tpm_evidence(const TpmEvidence& evidence, const VerifyContext& context) {
  const EventLog* log = evidence.log ? &*evidence.log : nullptr;
  if (evidence.quotes.size() == 1) return verify_tpm_quote(evidence.quotes[0], context, {}, log);
  Findings out;
  out.claims.platform = "tpm";
  std::size_t best = 0;
  for (const TpmQuote& quote : evidence.quotes) {
    Findings part = verify_tpm_quote(quote, context, {}, log);
    if (strength(quote) > best) {
      best = strength(quote);
      out.claims = part.claims;
    }
    out.parts.emplace_back(name_of_part(quote), std::move(part));
  }
  check_nonces(evidence, out);
  return out;
}

}  // namespace adyton
