// SPDX-License-Identifier: Apache-2.0
// Evidence of any kind: what it is, is told from the bytes.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/collateral/collateral.h"
#include "attest/development.h"
#include "attest/evidence/azure_cvm.h"
#include "attest/evidence/cca_token.h"
#include "attest/evidence/csv_evidence.h"
#include "attest/evidence/ear.h"
#include "attest/evidence/epid_quote.h"
#include "attest/evidence/ias_report.h"
#include "attest/evidence/nitro.h"
#include "attest/evidence/nvidia_report.h"
#include "attest/evidence/psa_token.h"
#include "attest/evidence/se_attestation.h"
#include "attest/evidence/sev_certificate.h"
#include "attest/evidence/sgx_quote.h"
#include "attest/evidence/snp_evidence.h"
#include "attest/evidence/td_report.h"
#include "attest/evidence/tdx_quote.h"
#include "attest/evidence/token.h"
#include "attest/evidence/tpm_evidence.h"

namespace adyton {

struct Evidence {
  using Body = std::variant<SgxQuote, TdxQuote, LocalTdReport, SnpEvidence, AzureCvmEvidence, NitroDocument,
                            TpmEvidence, CcaToken, PsaToken, EpidQuote, IasReport, NvidiaEvidence, Token, Ear,
                            CsvEvidence, SeExchange, SevCertificates, DevelopmentEvidence>;
  Body body;
  std::string wrapping;  // what was taken off around it, for people: "base64 in JSON member \"quote\""; empty: nothing
  // What came with it and can be checked by itself: certificates, revocation lists, TCB infos. Never keys: whoever
  // sends evidence must not say whom to trust. May be null.
  std::shared_ptr<const Collateral> companions;
  std::vector<Bytes> held_data;  // IntelWrapping::held_data
};

// Detects the kind and parses it; takes off the wrappings that evidence/wrapping.h and the kinds' own parsers know. No
// cryptography, no clock, no I/O. Errors: invalid: of the kind that the bytes look most like, or of none.
Result<Evidence> parse_evidence(BytesView bytes);

// "SGX quote 3", "SEV-SNP report 2": for people.
std::string kind_of(const Evidence& evidence);

}  // namespace adyton
