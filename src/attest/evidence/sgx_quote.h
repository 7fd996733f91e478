// SPDX-License-Identifier: Apache-2.0
// SGX quotes with ECDSA signatures: version 3 (DCAP), and versions 4 and 5 with an SGX report in them
// (attest/evidence/intel_quote.h has the layout).
#pragma once

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/evidence/intel_quote.h"
#include "attest/evidence/quote_signature.h"
#include "attest/evidence/sgx_report.h"

namespace adyton {

struct SgxQuote {
  QuoteHeader header;
  SgxReport report;
  Bytes signed_part;  // header and report body exactly as signed
  QuoteSignature signature;
};

bool looks_like_sgx_quote(BytesView bytes);

// Exactly one quote. Where bytes may follow it, attest/evidence/intel_wrappers.h finds its end. Errors: invalid.
Result<SgxQuote> parse_sgx_quote(BytesView bytes);

}  // namespace adyton
