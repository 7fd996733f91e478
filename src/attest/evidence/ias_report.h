// SPDX-License-Identifier: Apache-2.0
// Attestation verification reports of Intel's Attestation Service (EPID) as bytes and fields. verify/epid.h checks
// them.
//
// Source: Intel, "Attestation Service for Intel SGX (Intel SGX): API Documentation", revision 7.3, 4.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/evidence/epid_quote.h"

namespace adyton {

// Names in quotes are the report's own (table "Attestation Verification Report").
struct IasReport {
  std::string body;       // the exact bytes that are signed
  Bytes signature;        // of X-IASReport-Signature; empty when it did not come with the body
  std::string chain_pem;  // of X-IASReport-Signing-Certificate, URL-decoded; likewise

  std::string id;                                           // "id"
  std::string timestamp;                                    // "timestamp": "2023-09-27T15:51:58.044803", UTC
  std::int64_t time = 0;                                    // the same in seconds since 1970
  std::uint64_t version = 0;                                // "version": 3 to 5
  std::string quote_status;                                 // "isvEnclaveQuoteStatus"
  EpidQuote quote;                                          // "isvEnclaveQuoteBody"
  std::vector<std::string> advisory_ids;                    // "advisoryIDs"
  std::string advisory_url;                                 // "advisoryURL"
  std::string revocation_reason;                            // "revocationReason", a number; empty when not given
  std::string platform_info;                                // "platformInfoBlob", hex
  std::string nonce;                                        // "nonce"
  std::string epid_pseudonym;                               // "epidPseudonym", base64
  std::optional<std::uint64_t> tcb_evaluation_data_number;  // "tcbEvaluationDataNumber"
};

// The body alone, or a JSON object that has it as a text together with signature and chain, under the names that
// clients of the service used: "body", "http_body" or "report"; "signature" or "sig"; "certificates",
// "certificate_chain", "chain" or "signing_cert". Up to 64 KiB. Errors: invalid, exhausted.
Result<IasReport> parse_ias_report(BytesView bytes);

// The two headers that the service sent beside the body: base64; PEM, as it is or URL-encoded. Errors: invalid.
Result<Bytes> parse_ias_signature(std::string_view header);
Result<std::string> decode_ias_chain(std::string_view header);

bool looks_like_ias_report(BytesView bytes);

}  // namespace adyton
