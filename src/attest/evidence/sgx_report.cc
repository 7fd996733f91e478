// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/sgx_report.h"

#include <algorithm>

#include "attest/evidence/intel_quote.h"
#include "base/error.h"
#include "base/zeros.h"

namespace adyton {
namespace {

struct Reserved {
  std::size_t offset, size;
};
constexpr Reserved kReserved[] = {{20, 12}, {96, 32}, {160, 32}, {262, 42}};

}  // namespace

Result<SgxReport> parse_sgx_report(BytesView bytes) {
  SgxReport out;
  if (bytes.size() != SgxReport::kSize) return invalid("an SGX report body of {} bytes", bytes.size());
  std::ranges::copy(bytes, out.bytes.begin());
  for (const Reserved& reserved : kReserved) {
    if (!all_zero(bytes.subspan(reserved.offset, reserved.size))) {
      return invalid("the reserved bytes at {} of an SGX report body are not zero", reserved.offset);
    }
  }
  return out;
}

}  // namespace adyton
