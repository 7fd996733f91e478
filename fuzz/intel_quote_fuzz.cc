// SPDX-License-Identifier: Apache-2.0
// Any bytes as an SGX or TDX quote, wrapped or bare: what is found parses to the bytes it was found in, and does not
// verify when nothing is known to verify it with.
#include <algorithm>
#include <cstdlib>

#include "attest/evidence/intel_wrappers.h"
#include "attest/verify/sgx_quote.h"
#include "attest/verify/tdx_quote.h"
#include "base/cursor.h"

namespace {

using namespace adyton;

template <class Quote>
void check(const Quote& quote, BytesView bytes, const Findings& findings) {
  Bytes again = quote.signed_part;
  append_le<std::uint32_t>(again, static_cast<std::uint32_t>(quote.signature.bytes.size()));
  append(again, quote.signature.bytes);
  if (!std::ranges::equal(again, bytes)) std::abort();
  const bool objected = std::ranges::any_of(findings.checks, [](const Check& check) {
    return check.outcome == Outcome::kFailed || check.outcome == Outcome::kMissing;
  });
  if (!objected || findings.claims.tcb_status != TcbStatus::kUnknown) std::abort();
}

void verify(BytesView bytes) {
  static const Collateral nothing;
  const VerifyContext context{nothing, TrustAnchors::vendors(), 1'750'000'000};
  if (const auto quote = parse_sgx_quote(bytes)) check(*quote, bytes, verify_sgx_quote(*quote, context));
  if (const auto quote = parse_tdx_quote(bytes)) check(*quote, bytes, verify_tdx_quote(*quote, context));
  if (const auto report = parse_local_td_report(bytes)) (void)verify_local_td_report(*report);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes = std::as_bytes(std::span(data, size));
  verify(bytes);
  if (const auto found = unwrap_intel_quote(bytes)) verify(found->quote);
  return 0;
}
