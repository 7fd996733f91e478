// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tpm_quote.h"

#include "base/cursor.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::uint32_t kGenerated = 0xff544347;                       // TPM_GENERATED_VALUE (6.2)
constexpr std::uint16_t kAttestQuote = 0x8018;                         // TPM_ST_ATTEST_QUOTE (6.9)
constexpr std::uint16_t kRsa = 0x0001, kEcc = 0x0023, kNull = 0x0010;  // TPM_ALG_ID (6.3)
constexpr std::uint16_t kRsaSsa = 0x0014, kRsaPss = 0x0016, kEcdsa = 0x0018, kEcdaa = 0x001a;
constexpr std::uint32_t kMaxSelections = 16;  // TPM_NUM_PCR_BANKS
constexpr std::size_t kMaxField = 1024;       // no TPM2B in here is longer

Result<Bytes> read_sized(Cursor& cursor, std::string_view what) {
  const auto size = TRY(cursor.read_be<std::uint16_t>());
  if (size > kMaxField) return invalid("the {} has {} bytes", what, size);
  auto bytes = cursor.read_bytes(size);
  if (!bytes) return std::move(bytes).error().within(what);
  return to_bytes(*bytes);
}

Result<HashAlgorithm> read_hash(Cursor& cursor) {
  const auto id = TRY(cursor.read_be<std::uint16_t>());
  const auto out = hash_of_tpm_algorithm(id);
  if (!out) return invalid("{:#06x} is no hash algorithm that is known", id);
  return *out;
}

Result<TpmPcrSelection> read_selection(Cursor& cursor) {
  TpmPcrSelection out;
  out.bank = TRY(read_hash(cursor));
  const auto size = TRY(cursor.read_be<std::uint8_t>());
  const BytesView bits = TRY(cursor.read_bytes(size));
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const auto byte = std::to_integer<std::uint32_t>(bits[i]);
    if (i >= kTpmPcrs / 8 && byte != 0) return invalid("a PCR above {} is selected", kTpmPcrs - 1);
    if (i < kTpmPcrs / 8) out.pcrs |= byte << (8 * i);
  }
  return out;
}

Result<TpmAttest> parse_attest(BytesView bytes) {
  Cursor cursor(bytes);
  if (TRY(cursor.read_be<std::uint32_t>()) != kGenerated) return invalid("it does not begin with TPM_GENERATED_VALUE");
  const auto type = TRY(cursor.read_be<std::uint16_t>());
  if (type != kAttestQuote) return invalid("an attestation of type {:#06x}, not a quote", type);
  TpmAttest out;
  out.qualified_signer = TRY(read_sized(cursor, "qualified signer"));
  out.extra_data = TRY(read_sized(cursor, "extra data"));
  out.clock = TRY(cursor.read_be<std::uint64_t>());
  out.reset_count = TRY(cursor.read_be<std::uint32_t>());
  out.restart_count = TRY(cursor.read_be<std::uint32_t>());
  const auto safe = TRY(cursor.read_be<std::uint8_t>());
  if (safe > 1) return invalid("TPMI_YES_NO is {}", safe);
  out.safe = safe == 1;
  out.firmware_version = TRY(cursor.read_be<std::uint64_t>());
  const auto count = TRY(cursor.read_be<std::uint32_t>());
  if (count > kMaxSelections) return invalid("{} PCR selections", count);
  for (std::uint32_t i = 0; i < count; ++i) out.selections.push_back(TRY(read_selection(cursor)));
  out.pcr_digest = TRY(read_sized(cursor, "PCR digest"));
  TRY(cursor.finish());
  out.bytes = to_bytes(bytes);
  return out;
}

Result<TpmSignature> parse_signature(BytesView bytes) {
  Cursor cursor(bytes);
  TpmSignature out;
  const auto scheme = TRY(cursor.read_be<std::uint16_t>());
  if (scheme != kRsaSsa && scheme != kRsaPss && scheme != kEcdsa) {
    return invalid("{:#06x} is none of RSASSA, RSAPSS and ECDSA", scheme);
  }
  out.hash = TRY(read_hash(cursor));
  if (scheme == kEcdsa) {
    out.scheme = TpmSignature::Scheme::kEcdsa;
    out.r = TRY(read_sized(cursor, "r"));
    out.s = TRY(read_sized(cursor, "s"));
  } else {
    out.scheme = scheme == kRsaSsa ? TpmSignature::Scheme::kRsaSsa : TpmSignature::Scheme::kRsaPss;
    out.rsa = TRY(read_sized(cursor, "signature"));
  }
  TRY(cursor.finish());
  return out;
}

// TPMT_SYM_DEF_OBJECT (11.1.7).
Result<void> skip_symmetric(Cursor& cursor) {
  if (TRY(cursor.read_be<std::uint16_t>()) != kNull) TRY(cursor.read_bytes(4));  // key bits and mode
  return {};
}

// TPMT_RSA_SCHEME, TPMT_ECC_SCHEME (11.2.4.2, 11.2.5.6), TPMT_KDF_SCHEME (11.2.3.3).
Result<void> skip_scheme(Cursor& cursor) {
  constexpr std::uint16_t kRsaEs = 0x0015;  // has no details
  const auto scheme = TRY(cursor.read_be<std::uint16_t>());
  if (scheme == kNull || scheme == kRsaEs) return {};
  TRY(cursor.read_bytes(scheme == kEcdaa ? 4 : 2));
  return {};
}

Result<void> read_rsa(Cursor& cursor, TpmPublic& out) {
  constexpr std::uint32_t kDefaultExponent = 65537;
  out.rsa = true;
  TRY(skip_symmetric(cursor));
  TRY(skip_scheme(cursor));
  TRY(cursor.read_be<std::uint16_t>());  // key bits
  out.exponent = TRY(cursor.read_be<std::uint32_t>());
  if (out.exponent == 0) out.exponent = kDefaultExponent;
  out.modulus = TRY(read_sized(cursor, "modulus"));
  return {};
}

Result<void> read_ecc(Cursor& cursor, TpmPublic& out) {
  TRY(skip_symmetric(cursor));
  TRY(skip_scheme(cursor));
  out.curve = TRY(cursor.read_be<std::uint16_t>());
  TRY(skip_scheme(cursor));
  out.x = TRY(read_sized(cursor, "x"));
  out.y = TRY(read_sized(cursor, "y"));
  return {};
}

Result<TpmPublic> parse_public(BytesView bytes) {
  // A TPM2B_PUBLIC begins with its size, which is no algorithm: a TPMT_PUBLIC is longer than 35 bytes and its type is 1
  // or 35.
  if (bytes.size() > 2 && load_be<std::uint16_t>(bytes) == bytes.size() - 2) bytes = bytes.subspan(2);
  Cursor cursor(bytes);
  TpmPublic out;
  const auto type = TRY(cursor.read_be<std::uint16_t>());
  out.name_algorithm = TRY(read_hash(cursor));
  out.attributes = TRY(cursor.read_be<std::uint32_t>());
  out.auth_policy = TRY(read_sized(cursor, "policy"));
  if (type == kRsa) {
    TRY(read_rsa(cursor, out));
  } else if (type == kEcc) {
    TRY(read_ecc(cursor, out));
  } else {
    return invalid("an object of type {:#06x} is neither an RSA nor an ECC key", type);
  }
  TRY(cursor.finish());
  out.bytes = to_bytes(bytes);
  return out;
}

}  // namespace

Result<TpmAttest> parse_tpm_attest(BytesView bytes) { return parse_attest(bytes).within("not a TPM quote"); }
Result<TpmSignature> parse_tpm_signature(BytesView bytes) {
  return parse_signature(bytes).within("not a TPM signature");
}
Result<TpmPublic> parse_tpm_public(BytesView bytes) { return parse_public(bytes).within("not a TPM public area"); }

bool looks_like_tpm_attest(BytesView bytes) { return bytes.size() >= 6 && load_be<std::uint32_t>(bytes) == kGenerated; }

}  // namespace adyton
