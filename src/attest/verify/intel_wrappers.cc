// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/intel_wrappers.h"

#include <algorithm>

#include <fmt/format.h>

#include "attest/evidence/intel_quote.h"
#include "crypto/crypto.h"

namespace adyton {

void verify_held_data(const IntelWrapping& wrapping, Findings& findings) {
  const BytesView report_data = findings.claims.report_data;
  for (const Bytes& held : wrapping.held_data) {
    const bool good = report_data.size() == 64 && std::ranges::equal(sha256(held), report_data.first(32)) &&
                      all_zero(report_data.subspan(32));
    if (good) {
      findings.pass("held data", fmt::format("{} bytes, of which the report data is the SHA-256", held.size()));
    } else {
      findings.fail("held data", fmt::format("{} bytes, of which the report data is not the SHA-256", held.size()));
    }
  }
}

}  // namespace adyton
