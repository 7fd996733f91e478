// SPDX-License-Identifier: Apache-2.0
// Makes the quotes that attest/evidence/intel_quote.h and quote_signature.h take apart: for quoting enclaves that are
// not Intel's, the SGX emulator's and the tests'. Layout and numbers are said there.
#pragma once

#include <cstdint>

#include <adyton/bytes.h>
#include "attest/evidence/quote_signature.h"

namespace adyton {

struct QuoteHeaderFields {
  std::uint16_t version = 3;
  std::uint32_t tee_type = 0;             // kTeeSgx, kTeeTdx
  std::uint16_t qe_svn = 0, pce_svn = 0;  // version 3
  std::array<std::byte, 20> user_data{};  // begins with the QE's ID
};
Bytes encode_quote_header(const QuoteHeaderFields& fields);

// What the signature data consists of; sizes are those of the format.
struct QuoteSignatureFields {
  Bytes quote_signature, attestation_key, qe_report, qe_report_signature, qe_authentication_data;
  CertificationType certification_type = CertificationType::kPckChain;
  Bytes certification_data;
};
Bytes encode_quote_signature(const QuoteSignatureFields& fields, unsigned version);

// What the QE's report has as report data: SHA-256(attestation key || authentication data) || 32 zero bytes.
Bytes qe_report_data(BytesView attestation_key, BytesView authentication_data);

// A quote: header and body, as they were signed, and the signature data behind its length.
Bytes encode_quote(BytesView signed_part, BytesView signature_data);

}  // namespace adyton
