// SPDX-License-Identifier: Apache-2.0
// SEV-SNP reports as they travel: bare, with certificates, in a guest message, in a certificate request.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/evidence/snp_report.h"
#include "crypto/x509.h"

namespace adyton {

struct SnpEvidence {
  SnpReport report;
  std::string_view form;                  // "report", "MSG_REPORT_RSP", "certificate request"
  std::vector<Certificate> certificates;  // what came along, in the order given
  std::vector<RevocationList> lists;
  // From a certificate request: what the request asks a certificate for, which the report is to vouch for. The
  // request's own signature is over `request_signed`.
  struct Request {
    VerifyingKey key;
    Bytes signed_part, signature;
    SignatureAlgorithm algorithm;
  };
  std::optional<Request> request;
};

// Understands, 256 KiB at most:
//   - a report; a report followed by a certificate table (configfs-tsm: outblob and auxblob one after the other), by
//     certificates (DER or PEM) or by zeros;
//   - the MSG_REPORT_RSP message of the firmware: status, size, report (56860, table 25);
//   - a PKCS #10 request with an Enarx attestation extension (1.3.6.1.4.1.58270.1.3), DER or PEM.
// A certificate that cannot be read is an error: it is no use to anyone. Errors: invalid.
Result<SnpEvidence> parse_snp_evidence(BytesView bytes);

// Whether parse_snp_evidence() is the right one to ask. Cheap.
bool looks_like_snp_evidence(BytesView bytes);

}  // namespace adyton
