// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tdx_quote.h"

#include <algorithm>

#include "base/error.h"

namespace adyton {
namespace {

Result<TdxQuote> parse(BytesView bytes) {
  const QuoteParts parts = TRY(split_whole_quote(bytes, kTeeTdx));
  TdxQuote out;
  out.header = parts.header;
  out.report.is_15 = parts.body_type == QuoteBody::kTdReport15;
  std::ranges::copy(parts.body, out.report.bytes.begin());  // at most 648 bytes: split_whole_quote() saw to that
  out.signature = TRY(parse_quote_signature(parts.signature, parts.header.version()));
  out.signed_part = to_bytes(parts.signed_part);
  return out;
}

}  // namespace

bool looks_like_tdx_quote(BytesView bytes) { return looks_like_intel_quote(bytes, kTeeTdx); }

Result<TdxQuote> parse_tdx_quote(BytesView bytes) { return parse(bytes).within("not a TDX quote"); }

}  // namespace adyton
