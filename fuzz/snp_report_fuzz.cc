// SPDX-License-Identifier: Apache-2.0
// Any bytes as SEV-SNP evidence or UVM endorsement: what parses keeps the bytes it was given, and is not genuine
// without a trusted root.
#include <algorithm>
#include <cstdlib>

#include "attest/verify/snp.h"
#include "attest/verify/uvm_endorsement.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  static const Collateral collateral;
  static const TrustAnchors nobody;
  const BytesView bytes = std::as_bytes(std::span(data, size));
  const VerifyContext context{collateral, nobody, 1'750'000'000};
  if (const auto report = parse_snp_report(bytes)) {
    if (!std::ranges::equal(report->bytes, bytes) || !looks_like_snp_report(bytes)) std::abort();
  }
  (void)looks_like_snp_evidence(bytes);
  const auto evidence = parse_snp_evidence(bytes);
  if (!evidence) return 0;
  const Findings findings = verify_snp(*evidence, context);
  const bool objected = std::ranges::any_of(findings.checks, [](const Check& check) {
    return check.outcome == Outcome::kFailed || check.outcome == Outcome::kMissing;
  });
  if (!objected) std::abort();
  return 0;
}
