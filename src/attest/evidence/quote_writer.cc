// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/quote_writer.h"

#include <algorithm>

#include "attest/evidence/intel_quote.h"
#include "base/cursor.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

constexpr std::uint16_t kEcdsaP256 = 2;
constexpr std::size_t kVendorOffset = 12, kUserDataOffset = 28, kReportDataBytes = 64;

}  // namespace

Bytes encode_quote_header(const QuoteHeaderFields& fields) {
  Bytes out(QuoteHeader::kSize);
  store_le(out, 0, fields.version);
  store_le(out, 2, kEcdsaP256);
  store_le(out, 4, fields.tee_type);
  store_le(out, 8, fields.qe_svn);
  store_le(out, 10, fields.pce_svn);
  std::ranges::copy(intel_qe_vendor(), out.begin() + kVendorOffset);
  std::ranges::copy(fields.user_data, out.begin() + kUserDataOffset);
  return out;
}

Bytes encode_quote_signature(const QuoteSignatureFields& fields, unsigned version) {
  Bytes qe_part = fields.qe_report;
  append(qe_part, fields.qe_report_signature);
  append_le(qe_part, static_cast<std::uint16_t>(fields.qe_authentication_data.size()));
  append(qe_part, fields.qe_authentication_data);
  append_le(qe_part, static_cast<std::uint16_t>(fields.certification_type));
  append_le(qe_part, static_cast<std::uint32_t>(fields.certification_data.size()));
  append(qe_part, fields.certification_data);

  Bytes out = fields.quote_signature;
  append(out, fields.attestation_key);
  if (version >= 4) {
    append_le(out, static_cast<std::uint16_t>(CertificationType::kQeReport));
    append_le(out, static_cast<std::uint32_t>(qe_part.size()));
  }
  append(out, qe_part);
  return out;
}

Bytes qe_report_data(BytesView attestation_key, BytesView authentication_data) {
  Bytes out = to_bytes(sha256({attestation_key, authentication_data}));
  out.resize(kReportDataBytes);
  return out;
}

Bytes encode_quote(BytesView signed_part, BytesView signature_data) {
  Bytes out = to_bytes(signed_part);
  append_le(out, static_cast<std::uint32_t>(signature_data.size()));
  append(out, signature_data);
  return out;
}

}  // namespace adyton
