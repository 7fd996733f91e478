// SPDX-License-Identifier: Apache-2.0
// Any bytes as an HCL report or as evidence of an Azure confidential VM: without a trusted root nothing is genuine.
#include <algorithm>
#include <cstdlib>

#include "attest/verify/azure_cvm.h"

namespace {

bool has_objection(const adyton::Findings& findings) {
  using adyton::Outcome;
  return std::ranges::any_of(findings.checks,
                             [](const adyton::Check& check) {
                               return check.outcome == Outcome::kFailed || check.outcome == Outcome::kMissing;
                             }) ||
         std::ranges::any_of(findings.parts, [](const auto& part) { return has_objection(part.findings); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  static const Collateral collateral;
  static const TrustAnchors nobody;
  const auto evidence = parse_azure_cvm(std::as_bytes(std::span(data, size)));
  if (evidence && !has_objection(verify_azure_cvm(*evidence, {collateral, nobody, 1'750'000'000}))) std::abort();
  return 0;
}
