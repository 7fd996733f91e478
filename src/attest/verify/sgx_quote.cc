// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/sgx_quote.h"

#include "attest/verify/intel_common.h"
#include "attest/verify/sgx_report.h"

namespace adyton {
Findings verify_sgx_quote(const SgxQuote& quote, const VerifyContext& context) {
  Findings out;
  out.checks.reserve(24);
  out.fields.reserve(32);
  out.fields.push_back({"quote version", std::to_string(quote.header.version())});
  tell_sgx_report(quote.report, out);
  const QuoteSigner signer = verify_quote_signatures(quote.signed_part, quote.signature, context, out);
  verify_intel_tcb(signer, quote.signature.qe_report, nullptr, context, out);
  return out;
}

}  // namespace adyton
