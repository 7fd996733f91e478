// SPDX-License-Identifier: Apache-2.0
// Any bytes as Intel's collateral: what is taken from JSON is text that stands in it, byte for byte.
#include <cstdlib>

#include "attest/collateral/intel_tcb.h"
#include "attest/json.h"

namespace {

using namespace adyton;

void check(const IntelSigned& document, std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return;
  // In QuoteCollateralV3 it may be text within text.
  if (json->contains("tcbInfo") || json->contains("enclaveIdentity")) {
    const bool inside_text = !text.contains(as_text(document.bytes));
    if (inside_text && !(*json)["tcbInfo"].is_string() && !json->contains("qeIdentity")) std::abort();
  }
  if (!parse_json(as_text(document.bytes))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes = std::as_bytes(std::span(data, size));
  Collateral collateral;
  (void)collateral.add("fuzz", bytes);
  for (const auto& info : collateral.tcb_infos()) {
    check(*info, as_text(bytes));
    if (info->levels.empty()) std::abort();
  }
  for (const auto& identity : collateral.identities()) {
    check(*identity, as_text(bytes));
    if (identity->levels.empty()) std::abort();
  }
  return 0;
}
