// SPDX-License-Identifier: Apache-2.0
// Any bytes as a report of Intel's Attestation Service and as an EPID quote: neither is genuine without a signature.
#include <algorithm>
#include <cstdlib>

#include "attest/verify/epid.h"

namespace {

void check(const adyton::Findings& findings, std::string_view signature) {
  const bool passed = std::ranges::any_of(findings.checks, [&](const adyton::Check& one) {
    return one.what == signature && one.outcome == adyton::Outcome::kPassed;
  });
  if (passed) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  static const Collateral collateral;
  // A made report's certificates lead nowhere, but its signature by them may well hold.
  const VerifyContext context{collateral, TrustAnchors::vendors(), 1'750'000'000};
  const BytesView bytes = std::as_bytes(std::span(data, size));
  (void)looks_like_ias_report(bytes);
  (void)looks_like_epid_quote(bytes);
  if (const auto report = parse_ias_report(bytes)) {
    if (report->quote.encoded.size() != EpidQuote::kBodySize) std::abort();
    const Findings findings = verify_ias_report(*report, context);
    if (report->chain_pem.empty()) check(findings, kIasSignature);
    const bool trusted = std::ranges::any_of(findings.chain, &ChainLink::anchor);
    if (trusted) check(findings, kIasSignature);
  }
  if (const auto quote = parse_epid_quote(bytes)) {
    if (quote->encoded.size() != bytes.size()) std::abort();
    check(verify_epid_quote(*quote, context), kEpidSignature);
  }
  (void)decode_ias_chain(as_text(bytes));
  return 0;
}
