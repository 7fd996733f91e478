// SPDX-License-Identifier: Apache-2.0
// The signature data of SGX and TDX quotes: the quote's signature, the key that made it, and who vouches for that key.
//
// Intel, "SGX ECDSA QuoteGenReference DCAP API", appendix A.4, "ECDSA 256-bit Quote Signature Data Structure" (version
// 3); "TDX DCAP Quoting Library API", appendix A.3.8 to A.3.11 (versions 4 and 5).
//
//   version 3:     signature (64) | attestation key (64) | QE part
//   version 4, 5:  signature (64) | attestation key (64) | u16 type = 6 | u32 size | QE part
//   QE part:       QE report (384) | its signature (64) | u16 size | authentication data | u16 type | u32 size | data
#pragma once

#include <cstdint>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/evidence/sgx_report.h"

namespace adyton {

// What certification data is (appendix A.4, "QE Certification Data").
enum class CertificationType : std::uint16_t {
  kPpidPlain = 1,       // PPID || CPUSVN || PCESVN || PCEID
  kPpidRsa2048 = 2,     // the same with the PPID encrypted for Intel, RSA-2048-OAEP
  kPpidRsa3072 = 3,     // ... RSA-3072-OAEP
  kPckCertificate = 4,  // the PCK certificate, PEM
  kPckChain = 5,        // PCK certificate, its CA and the root, PEM
  kQeReport = 6,        // the QE part; never inside itself
  kPlatformManifest = 7,
};

struct QuoteSignature {
  Bytes bytes;  // all of it, exactly as it came
  SgxReport qe_report;
  CertificationType certification_type = CertificationType::kPckChain;

  [[nodiscard]] BytesView quote_signature() const { return BytesView(bytes).first(64); }         // r || s
  [[nodiscard]] BytesView attestation_key() const { return BytesView(bytes).subspan(64, 64); }   // x || y, P-256
  [[nodiscard]] BytesView qe_report_bytes() const { return BytesView(bytes).subspan(qe, 384); }  // signed by the PCK
  [[nodiscard]] BytesView qe_report_signature() const { return BytesView(bytes).subspan(qe + 384, 64); }
  [[nodiscard]] BytesView qe_authentication_data() const { return BytesView(bytes).subspan(qe + 450, qe_data_size); }
  [[nodiscard]] BytesView certification_data() const { return BytesView(bytes).subspan(qe + 456 + qe_data_size); }

  std::size_t qe = 128;  // where the QE part begins
  std::size_t qe_data_size = 0;
};

// Exactly the signature data of a quote of this version (3, 4 or 5). Errors: invalid.
Result<QuoteSignature> parse_quote_signature(BytesView bytes, unsigned version);

// What certification data of type 1 to 3 asks Intel's certificate service with; all views into the data.
struct PckRequest {
  BytesView ppid;  // plain or encrypted
  BytesView cpu_svn;
  BytesView pce_svn;
  BytesView pce_id;
};
// Errors: invalid: another type or another length.
Result<PckRequest> parse_pck_request(const QuoteSignature& signature);

}  // namespace adyton
