// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/se_attestation.h"

#include <string>

#include "base/error.h"

namespace adyton {

Findings verify_se_exchange(const SeExchange& exchange) {
  Findings out;
  out.claims.platform = "ibm-se";
  const auto field = [&](std::string_view name, const std::optional<Bytes>& value) {
    if (value) out.fields.push_back({std::string(name), to_hex(*value)});
  };
  field("measurement", exchange.measurement);
  field("additional_data", exchange.additional);
  field("user_data", exchange.user_data);
  field("configuration_uid", exchange.configuration_id);
  if (exchange.user_data) out.claims.report_data = *exchange.user_data;
  if (const auto request = parse_se_request(exchange.request)) {
    out.fields.push_back({"request.flags", fmt::format("{:#018x}", request->flags)});
    out.fields.push_back({"request.measurement_algorithm", std::to_string(request->measurement_algorithm)});
    out.fields.push_back({"request.key_slots", std::to_string(request->key_slots)});
  } else {
    out.note("request", request.error().message);
  }
  if (exchange.measurement) {
    out.miss("measurement",
             "it is an HMAC under a key that only the Ultravisor and whoever made the request have: pvattest verify, "
             "with the "
             "request's protection key and the image's header, can check it");
  } else {
    out.miss("measurement", "the file is a request that has not been answered");
  }
  return out;
}

}  // namespace adyton
