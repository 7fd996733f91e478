// SPDX-License-Identifier: Apache-2.0
// TPM quotes as tools pass them on, with their PCR values, keys and event logs.
#pragma once

#include <optional>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/evidence/event_log.h"
#include "attest/evidence/tpm_quote.h"

namespace adyton {

struct TpmEvidence {
  std::vector<TpmQuote> quotes;  // at least one, at most 8: of several banks
  std::optional<EventLog> log;
};

// Understands, 1 MiB at most:
//   - go-tpm-tools: the protobuf message attest.Attestation (ak_pub, quotes, event_log, ak_cert, intermediate_certs);
//   - go-attestation: the JSON of its test dumps ("AK", "Quote", "Log");
//   - confidential-containers' TPM attester: JSON with "ak_public" (SubjectPublicKeyInfo) and "tpm_quote".
// Errors: invalid.
Result<TpmEvidence> parse_tpm_evidence(BytesView bytes);
bool looks_like_tpm_evidence(BytesView bytes);

}  // namespace adyton
