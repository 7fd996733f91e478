// SPDX-License-Identifier: Apache-2.0
// Any bytes as SEV certificates, Hygon CSV evidence or pvattest files: verifying what parses ends, and is never all
// there.
#include <algorithm>
#include <cstdlib>

#include "attest/verify/csv.h"
#include "attest/verify/se_attestation.h"
#include "attest/verify/sev_legacy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  static const Collateral collateral;
  static const TrustAnchors nobody;
  const VerifyContext context{collateral, nobody, 1'750'000'000};
  const BytesView bytes = std::as_bytes(std::span(data, size));
  const auto expect_missing = [](const Findings& findings) {
    if (std::ranges::none_of(findings.checks, [](const Check& check) { return check.outcome == Outcome::kMissing; })) {
      std::abort();
    }
  };
  if (const auto certificates = parse_sev_certificates(bytes)) {
    expect_missing(verify_sev_certificates(*certificates, context));
  }
  if (const auto evidence = parse_csv_evidence(bytes)) expect_missing(verify_csv(*evidence, context));
  if (const auto exchange = parse_se_exchange(bytes)) expect_missing(verify_se_exchange(*exchange));
  (void)parse_se_request(bytes);
  return 0;
}
