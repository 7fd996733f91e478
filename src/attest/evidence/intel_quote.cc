// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/intel_quote.h"

#include <algorithm>

#include "base/error.h"
#include "base/zeros.h"

namespace adyton {
namespace {

constexpr std::uint16_t kEcdsaP256 = 2, kEcdsaP384 = 3;
constexpr std::size_t kSgxReportSize = 384, kTdReport10Size = 584, kTdReport15Size = 648;

// 939a7233-f79c-4ca9-940a-0db3957f0607, as the bytes stand in the header.
constexpr std::array<std::uint8_t, 16> kIntelVendor = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                                       0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

bool is_intel(BytesView vendor) { return std::ranges::equal(vendor, intel_qe_vendor()); }

QuoteHeader header_of(BytesView bytes) {
  QuoteHeader out;
  std::ranges::copy(bytes.first(QuoteHeader::kSize), out.bytes.begin());
  return out;
}

std::size_t size_of(QuoteBody body) {
  if (body == QuoteBody::kSgxReport) return kSgxReportSize;
  return body == QuoteBody::kTdReport10 ? kTdReport10Size : kTdReport15Size;
}

Result<QuoteBody> read_body_type(Cursor& cursor, const QuoteHeader& header) {
  const bool sgx = header.tee_type() == kTeeSgx;
  if (header.version() < 5) return sgx ? QuoteBody::kSgxReport : QuoteBody::kTdReport10;
  const std::uint16_t type = TRY(cursor.read_le<std::uint16_t>());
  const std::uint32_t size = TRY(cursor.read_le<std::uint32_t>());
  if (type < 1 || type > 3) return invalid("a quote body of type {}: 1, 2 and 3 are known", type);
  const auto body = static_cast<QuoteBody>(type);
  if (sgx != (body == QuoteBody::kSgxReport)) return invalid("a quote body of type {} in a quote of another TEE", type);
  if (size != size_of(body))
    return invalid("a quote body of type {} with {} bytes instead of {}", type, size, size_of(body));
  return body;
}

Result<QuoteParts> split(BytesView bytes) {
  QuoteParts out;
  Cursor cursor(bytes);
  out.header = header_of(TRY(cursor.read_bytes(QuoteHeader::kSize)));
  const QuoteHeader& header = out.header;
  if (header.version() < 3 || header.version() > 5) {
    return invalid("version {}: 3, 4 and 5 are known", header.version());
  }
  if (header.key_type() == kEcdsaP384) return invalid("an attestation key of type 3 (P-384), which no QE makes yet");
  if (header.key_type() != kEcdsaP256) return invalid("an attestation key of type {}", header.key_type());
  const std::uint32_t tee = header.tee_type();
  if (tee != kTeeSgx && tee != kTeeTdx) return invalid("TEE type {:#x}", tee);
  if (header.version() == 3 && tee != kTeeSgx) return invalid("version 3 with TEE type {:#x}", tee);
  if (!is_intel(header.qe_vendor()))
    return invalid("the QE of vendor {}, which is not Intel", to_hex(header.qe_vendor()));
  out.body_type = TRY(read_body_type(cursor, header));
  out.body = TRY(cursor.read_bytes(size_of(out.body_type)));
  out.signed_part = bytes.first(bytes.size() - cursor.remaining());
  const std::uint32_t size = TRY(cursor.read_le<std::uint32_t>());
  out.signature = TRY(cursor.read_bytes(size));
  out.size = bytes.size() - cursor.remaining();
  return out;
}

}  // namespace

BytesView intel_qe_vendor() { return std::as_bytes(std::span(kIntelVendor)); }

bool looks_like_intel_quote(BytesView bytes, std::uint32_t tee_type) {
  if (bytes.size() < QuoteHeader::kSize) return false;
  const QuoteHeader header = header_of(bytes);
  return header.version() >= 3 && header.version() <= 5 && header.tee_type() == tee_type &&
         (header.key_type() == kEcdsaP256 || header.key_type() == kEcdsaP384) && is_intel(header.qe_vendor());
}

Result<QuoteParts> split_intel_quote(BytesView bytes) { return split(bytes).within("not an Intel quote"); }

Result<QuoteParts> split_whole_quote(BytesView bytes, std::uint32_t tee_type) {
  const QuoteParts parts = TRY(split_intel_quote(bytes));
  if (parts.header.tee_type() != tee_type) return invalid("TEE type {:#x}", parts.header.tee_type());
  if (parts.size != bytes.size()) return invalid("{} bytes follow the quote", bytes.size() - parts.size);
  return parts;
}

}  // namespace adyton
