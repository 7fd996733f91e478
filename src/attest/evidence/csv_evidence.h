// SPDX-License-Identifier: Apache-2.0
// Attestation reports of Hygon's CSV, as confidential-containers' attester passes them on: bytes to fields.
//
// Source: the structures of openanolis/csv-rs (TeeInfoV1, TeeInfoV2, TeeInfoSigner); Hygon publishes no specification
// in English. Numbers are little-endian.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/evidence/event_log.h"
#include "attest/evidence/sev_certificate.h"

namespace adyton {

struct CsvEvidence {
  Bytes report;               // 4096 bytes, exactly as given
  std::uint32_t version = 1;  // 2: with runtime registers
  // Plain: in version 1 the report has them xored with a number that the firmware chose (ANONCE).
  Bytes user_key_digest, vm_id, vm_version, report_data, mnonce, measurement;
  std::uint32_t policy = 0;  // bit 0 NODBG, 2 ES, 5 CSV, 6 CSV3
  SevUsage signer_usage = SevUsage::kInvalid;
  SevAlgorithm algorithm = SevAlgorithm::kInvalid;
  std::vector<Bytes> rtmrs;                        // version 2: RTMR0 to RTMR4, SM3
  std::size_t signed_bytes = 0, signature_at = 0;  // within the report

  SevCertificate pek;  // from the certificate chain
  std::string chip;    // serial number: "KPA64911240507"
  std::optional<EventLog> log;

  [[nodiscard]] BytesView signed_part() const { return BytesView(report).first(signed_bytes); }
  [[nodiscard]] BytesView signature() const { return BytesView(report).subspan(signature_at, 144); }
};

// JSON with "attestation_report" (magic, flags, data), "cert_chain" (pek), "serial_number" and "cc_eventlog". Errors:
// invalid.
Result<CsvEvidence> parse_csv_evidence(BytesView bytes);
bool looks_like_csv_evidence(BytesView bytes);

}  // namespace adyton
