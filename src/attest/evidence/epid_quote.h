// SPDX-License-Identifier: Apache-2.0
// SGX EPID quotes (version 1 and 2) as bytes and fields. Only Intel's Attestation Service could ever verify one, and it
// has been closed: what remains are its reports (ias_report.h), which hold the first part of the quote.
//
// Source: Intel SGX SDK 2.x, sgx_quote_t, and "Attestation Service for Intel SGX: API Documentation" revision 7.3, 4.2.
#pragma once

#include <cstdint>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/evidence/sgx_report.h"

namespace adyton {

// Offsets in bytes; integers little-endian.
struct EpidQuote {
  static constexpr std::size_t kBodySize = 432;  // up to the signature's length: "isvEnclaveQuoteBody"

  Bytes encoded;
  std::uint16_t version = 0;            // 0: 1 or 2 (3 and up are not EPID)
  std::uint16_t signature_type = 0;     // 2: 0 unlinkable, 1 linkable
  Bytes group_id;                       // 4: 4 bytes, as they stand
  std::uint16_t qe_svn = 0;             // 8
  std::uint16_t pce_svn = 0;            // 10
  std::uint32_t extended_group_id = 0;  // 12
  Bytes basename;                       // 16: 32 bytes
  SgxReport report;                     // 48: 384 bytes
  Bytes signature;                      // 432: its length in 4 bytes, then it; empty in a report's quote body
};

// With its signature, exactly. Errors: invalid.
Result<EpidQuote> parse_epid_quote(BytesView bytes);

// The 432 bytes without the signature, as reports of the service have them. Errors: invalid.
Result<EpidQuote> parse_epid_quote_body(BytesView bytes);

bool looks_like_epid_quote(BytesView bytes);

}  // namespace adyton
