// SPDX-License-Identifier: Apache-2.0
// Any bytes as TPM structures and evidence: what parses keeps the bytes it was given, and is not genuine when nobody
// vouches for its key.
#include <algorithm>
#include <cstdlib>

#include "attest/verify/tpm_evidence.h"
#include "attest/verify/tpm_quote.h"
#include "testing/findings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  static const Collateral collateral;
  static const TrustAnchors nobody;
  const BytesView bytes = std::as_bytes(std::span(data, size));
  if (const auto attest = parse_tpm_attest(bytes)) {
    if (!std::ranges::equal(attest->bytes, bytes)) std::abort();
  }
  (void)parse_tpm_signature(bytes);
  if (const auto area = parse_tpm_public(bytes)) (void)key_of(*area);
  const auto evidence = parse_tpm_evidence(bytes);
  if (evidence) {
    const Findings findings = verify_tpm_evidence(*evidence, {collateral, nobody, 1'750'000'000});
    if (!testing::any(findings, Outcome::kFailed) && !testing::any(findings, Outcome::kMissing)) std::abort();
  }
  return 0;
}
