// SPDX-License-Identifier: Apache-2.0
// Any bytes as Intel's collateral: what is taken from JSON is text that stands in it, byte for byte.
#include <cstdlib>

#include "attest/collateral/intel_tcb.h"
#include "attest/json.h"

namespace {

using namespace adyton;

bool is_object(const nlohmann::json& json, const char* name) {
  const nlohmann::json* member = find_member(json, name);
  return member != nullptr && member->is_object();
}

// What came as {"tcbInfo": {...}, "signature": ...} stands in the text as it was taken. (In collections it may be text
// within text.)
void check(const IntelSigned& document, std::string_view text) {
  if (!parse_json(as_text(document.document.bytes()))) std::abort();
  const auto json = parse_json(text);
  const bool answer = json && find_string(*json, "signature") != nullptr &&
                      (is_object(*json, "tcbInfo") || is_object(*json, "enclaveIdentity"));
  if (!answer) return;
  if (!text.contains(as_text(document.document.bytes()))) std::abort();
  // What was signed is what was read.
  const auto signed_json = parse_json(as_text(document.document.bytes()));
  const nlohmann::json *info = find_member(*json, "tcbInfo"), *identity = find_member(*json, "enclaveIdentity");
  if ((info == nullptr || *info != *signed_json) && (identity == nullptr || *identity != *signed_json)) std::abort();
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
