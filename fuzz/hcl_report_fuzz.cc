// SPDX-License-Identifier: Apache-2.0
// Any bytes as an HCL report or as evidence of an Azure confidential VM: without a trusted root nothing is genuine.
#include <cstdlib>

#include "attest/verify/azure_cvm.h"
#include "testing/findings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  static const Collateral collateral;
  static const TrustAnchors nobody;
  const auto evidence = parse_azure_cvm(std::as_bytes(std::span(data, size)));
  if (evidence) {
    const Findings findings = verify_azure_cvm(*evidence, {collateral, nobody, 1'750'000'000});
    if (!testing::any(findings, Outcome::kFailed) && !testing::any(findings, Outcome::kMissing)) std::abort();
  }
  return 0;
}
