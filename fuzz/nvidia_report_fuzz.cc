// SPDX-License-Identifier: Apache-2.0
// Any bytes as NVIDIA evidence: what parses holds together, can be checked, and is no device of NVIDIA's.
#include <cstdlib>

#include "attest/verify/nvidia_report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  static const Collateral nothing;
  const BytesView bytes = std::as_bytes(std::span(data, size));
  (void)looks_like_nvidia_evidence(bytes);
  const auto evidence = parse_nvidia_evidence(bytes);
  if (!evidence) return 0;
  for (const NvidiaEvidence::Device& device : evidence->devices) {
    const NvidiaReport& report = device.report;
    if (report.signed_part().size() + report.signature().size() != report.bytes.size()) std::abort();
    if (report.measurements.empty() || !looks_like_nvidia_report(report.bytes)) std::abort();
    if (parse_nvidia_report(report.bytes)->bytes != report.bytes) std::abort();
  }
  const Findings findings = verify_nvidia_evidence(*evidence, {nothing, TrustAnchors::vendors(), 1'750'000'000});
  for (const Check& check : findings.checks) {
    if (check.what == kNvidiaSignature && check.outcome == Outcome::kPassed) std::abort();
  }
  return 0;
}
