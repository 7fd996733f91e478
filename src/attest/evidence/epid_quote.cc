// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/epid_quote.h"

#include "base/cursor.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxSignatureBytes = 65536;  // it grows with the revocation list it was made for
constexpr std::uint16_t kMaxVersion = 2, kMaxSignatureType = 1;

Result<EpidQuote> parse_body(Cursor& cursor) {
  EpidQuote out;
  out.version = TRY(cursor.read_le<std::uint16_t>());
  if (out.version == 0 || out.version > kMaxVersion) return invalid("version {}, not 1 or 2", out.version);
  out.signature_type = TRY(cursor.read_le<std::uint16_t>());
  if (out.signature_type > kMaxSignatureType) return invalid("signature type {}", out.signature_type);
  out.group_id = to_bytes(TRY(cursor.read_bytes(4)));
  out.qe_svn = TRY(cursor.read_le<std::uint16_t>());
  out.pce_svn = TRY(cursor.read_le<std::uint16_t>());
  out.extended_group_id = TRY(cursor.read_le<std::uint32_t>());
  out.basename = to_bytes(TRY(cursor.read_bytes(32)));
  out.report = TRY(parse_sgx_report(TRY(cursor.read_bytes(SgxReport::kSize))));
  return out;
}

Result<EpidQuote> parse(BytesView bytes, bool with_signature) {
  Cursor cursor(bytes);
  EpidQuote out = TRY(parse_body(cursor));
  if (with_signature) {
    const auto size = TRY(cursor.read_le<std::uint32_t>());
    if (size == 0 || size > kMaxSignatureBytes) return invalid("a signature of {} bytes", size);
    out.signature = to_bytes(TRY(cursor.read_bytes(size)));
  }
  TRY(cursor.finish());
  out.encoded = to_bytes(bytes);
  return out;
}

}  // namespace

Result<EpidQuote> parse_epid_quote(BytesView bytes) { return parse(bytes, true).within("not an EPID quote"); }
Result<EpidQuote> parse_epid_quote_body(BytesView bytes) {
  return parse(bytes, false).within("not the body of an EPID quote");
}

bool looks_like_epid_quote(BytesView bytes) {
  if (bytes.size() < EpidQuote::kBodySize + 4) return false;
  const auto version = load_le<std::uint16_t>(bytes);
  const auto size = load_le<std::uint32_t>(bytes, EpidQuote::kBodySize);
  return version >= 1 && version <= kMaxVersion && load_le<std::uint16_t>(bytes, 2) <= kMaxSignatureType &&
         size == bytes.size() - EpidQuote::kBodySize - 4;
}

}  // namespace adyton
