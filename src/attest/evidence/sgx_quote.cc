// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/sgx_quote.h"

#include "base/error.h"

namespace adyton {
namespace {

Result<SgxQuote> parse(BytesView bytes) {
  const QuoteParts parts = TRY(split_whole_quote(bytes, kTeeSgx));
  SgxQuote out;
  out.header = parts.header;
  out.report = TRY(parse_sgx_report(parts.body));
  out.signature = TRY(parse_quote_signature(parts.signature, parts.header.version()));
  out.signed_part = to_bytes(parts.signed_part);
  return out;
}

}  // namespace

bool looks_like_sgx_quote(BytesView bytes) { return looks_like_intel_quote(bytes, kTeeSgx); }

Result<SgxQuote> parse_sgx_quote(BytesView bytes) { return parse(bytes).within("not an SGX quote"); }

}  // namespace adyton
