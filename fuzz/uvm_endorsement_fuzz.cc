// SPDX-License-Identifier: Apache-2.0
// Any bytes as an endorsement of Azure's utility VMs: verifying what parses ends.
#include "attest/verify/uvm_endorsement.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  static const Collateral collateral;
  static const TrustAnchors nobody;
  const auto endorsement = parse_uvm_endorsement(std::as_bytes(std::span(data, size)));
  if (!endorsement) return 0;
  Findings findings;
  verify_uvm_endorsement(*endorsement, SnpReport{}, {collateral, nobody, 1'750'000'000}, findings);
  return 0;
}
