// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/td_report.h"

#include <algorithm>

#include "attest/evidence/intel_quote.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::byte kTypeTdx{0x81};  // REPORTTYPE.TYPE; subtype 0; versions 0 and 1

Result<LocalTdReport> parse(BytesView bytes) {
  LocalTdReport out;
  if (bytes.size() != LocalTdReport::kSize)
    return invalid("{} bytes instead of {}", bytes.size(), LocalTdReport::kSize);
  if (!looks_like_local_td_report(bytes)) return invalid("its type is {}", to_hex(bytes.first(4)));
  struct Reserved {
    std::size_t offset, size;
  };
  for (const Reserved reserved : {Reserved{4, 12}, Reserved{192, 32}, Reserved{495, 17}}) {
    if (!all_zero(bytes.subspan(reserved.offset, reserved.size))) {
      return invalid("the reserved bytes at {} are not zero", reserved.offset);
    }
  }
  std::ranges::copy(bytes, out.bytes.begin());
  return out;
}

}  // namespace

bool looks_like_local_td_report(BytesView bytes) {
  return bytes.size() == LocalTdReport::kSize && bytes[0] == kTypeTdx && bytes[1] == std::byte{0} &&
         bytes[2] <= std::byte{1} && bytes[3] == std::byte{0};
}

Result<LocalTdReport> parse_local_td_report(BytesView bytes) { return parse(bytes).within("not a TDREPORT"); }

}  // namespace adyton
