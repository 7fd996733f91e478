// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/quote_signature.h"

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kSignature = 64, kKey = 64;

Result<QuoteSignature> parse(BytesView bytes, unsigned version) {
  QuoteSignature out;
  Cursor cursor(bytes);
  (void)TRY(cursor.read_bytes(kSignature + kKey));
  if (version >= 4) {
    const std::uint16_t type = TRY(cursor.read_le<std::uint16_t>());
    const std::uint32_t size = TRY(cursor.read_le<std::uint32_t>());
    if (type != static_cast<std::uint16_t>(CertificationType::kQeReport)) {
      return invalid("certification data of type {} instead of 6 (QE report)", type);
    }
    if (size != cursor.remaining()) return invalid("{} bytes where {} were announced", cursor.remaining(), size);
    out.qe += 6;
  }
  out.qe_report = TRY(parse_sgx_report(TRY(cursor.read_bytes(SgxReport::kSize))).within("the QE's report"));
  (void)TRY(cursor.read_bytes(kSignature));
  out.qe_data_size = TRY(cursor.read_le<std::uint16_t>());
  (void)TRY(cursor.read_bytes(out.qe_data_size));
  const std::uint16_t type = TRY(cursor.read_le<std::uint16_t>());
  const std::uint32_t size = TRY(cursor.read_le<std::uint32_t>());
  if (type < 1 || type > 7) return invalid("certification data of type {}", type);
  out.certification_type = static_cast<CertificationType>(type);
  if (out.certification_type == CertificationType::kQeReport)
    return invalid("a QE report's certification inside another");
  if (size != cursor.remaining()) return invalid("{} bytes where {} were announced", cursor.remaining(), size);
  out.bytes = to_bytes(bytes);
  return out;
}

std::size_t ppid_size(CertificationType type) {
  switch (type) {
    case CertificationType::kPpidPlain: return 16;
    case CertificationType::kPpidRsa2048: return 256;
    case CertificationType::kPpidRsa3072: return 384;
    default: return 0;
  }
}

}  // namespace

Result<QuoteSignature> parse_quote_signature(BytesView bytes, unsigned version) {
  return parse(bytes, version).within("the signature data of a quote");
}

Result<PckRequest> parse_pck_request(const QuoteSignature& signature) {
  const std::size_t size = ppid_size(signature.certification_type);
  const BytesView data = signature.certification_data();
  if (size == 0) return invalid("certification data of another type");
  if (data.size() != size + 16 + 2 + 2) return invalid("{} bytes of certification data", data.size());
  return PckRequest{data.first(size), data.subspan(size, 16), data.subspan(size + 16, 2), data.subspan(size + 18, 2)};
}

}  // namespace adyton
