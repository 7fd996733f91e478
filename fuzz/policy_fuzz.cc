// SPDX-License-Identifier: Apache-2.0
// Any text as a policy: what is accepted appraises, and wants something of each kind that it names.
#include <algorithm>
#include <cstdlib>

#include "attest/appraise/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  const auto policy = parse_policy(as_text(std::as_bytes(std::span(data, size))));
  if (!policy) return 0;
  if (policy->tcb_status.empty()) std::abort();
  for (const auto* hex : {&policy->measurement, &policy->signer, &policy->report_data, &policy->host_data}) {
    if (std::ranges::any_of(*hex, &Bytes::empty)) std::abort();
  }
  for (const auto& [name, wanted] : policy->registers) {
    if (wanted.empty()) std::abort();
  }
  for (const auto& [name, wanted] : policy->fields) {
    if (wanted.empty()) std::abort();
  }
  return 0;
}
