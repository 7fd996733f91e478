// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/sev_certificate.h"

#include <algorithm>

#include "base/cursor.h"
#include "base/error.h"
#include "base/zeros.h"

namespace adyton {
namespace {

constexpr std::size_t kNumberBytes = 72, kCaHeader = 0x40, kMaxCertificates = 16;
constexpr std::size_t kUserIdSize = 0xa4, kUserId = 0xa6, kMaxUserId = 254;

// A little-endian number as a big-endian one of `size` bytes.
Result<Bytes> big_endian(BytesView number, std::size_t size) {
  if (size > number.size() || !all_zero(number.subspan(size))) return invalid("a number of more than {} bytes", size);
  Bytes out(size);
  std::ranges::reverse_copy(number.first(size), out.begin());
  return out;
}

Result<std::size_t> field_bytes(std::uint32_t curve) {
  if (curve == 1 || curve == 3) return std::size_t{32};
  if (curve == 2) return std::size_t{48};
  return invalid("curve {}", curve);
}

bool is_end_entity(std::uint32_t usage) { return usage >= 0x1001 && usage <= 0x1004; }

Result<SevCertificate> parse_one(BytesView bytes) {
  if (bytes.size() != SevCertificate::kBytes) return invalid("{} bytes", bytes.size());
  if (load_le<std::uint32_t>(bytes, 0) != 1) return invalid("version {}", load_le<std::uint32_t>(bytes, 0));
  SevCertificate out;
  std::ranges::copy(bytes, out.bytes.begin());
  out.api_major = std::to_integer<std::uint8_t>(bytes[4]);
  out.api_minor = std::to_integer<std::uint8_t>(bytes[5]);
  const auto usage = load_le<std::uint32_t>(bytes, 8);
  if (!is_end_entity(usage)) return invalid("key usage {:#x}", usage);
  out.usage = static_cast<SevUsage>(usage);
  out.algorithm = static_cast<SevAlgorithm>(load_le<std::uint32_t>(bytes, 0x0c));
  out.curve = load_le<std::uint32_t>(bytes, 0x10);
  const std::size_t size = TRY(field_bytes(out.curve));
  out.x = TRY(big_endian(bytes.subspan(0x14, kNumberBytes), size));
  out.y = TRY(big_endian(bytes.subspan(0x14 + kNumberBytes, kNumberBytes), size));
  if (out.curve == 3) {
    const auto id = load_le<std::uint16_t>(bytes, kUserIdSize);
    if (id > kMaxUserId) return invalid("a user id of {} bytes", id);
    out.user_id = to_bytes(bytes.subspan(kUserId, id));
  }
  return out;
}

// The size of the CA certificate that begins here. Errors: invalid: sizes that no key has.
Result<std::size_t> number_bytes(BytesView header, std::size_t at) {
  const auto bits = load_le<std::uint32_t>(header, at);
  if (bits != 2048 && bits != 4096) return invalid("a number of {} bits", bits);
  return std::size_t{bits / 8};
}

Result<SevCaCertificate> read_authority(Cursor& cursor) {
  const BytesView header = TRY(cursor.read_bytes(kCaHeader));
  const std::size_t exponent = TRY(number_bytes(header, 0x38));
  const std::size_t modulus = TRY(number_bytes(header, 0x3c));
  SevCaCertificate out;
  out.usage = static_cast<SevUsage>(load_le<std::uint32_t>(header, 0x24));
  out.key_id = to_bytes(header.subspan(0x04, 16));
  out.certifying_id = to_bytes(header.subspan(0x14, 16));
  const BytesView e = TRY(cursor.read_bytes(exponent));
  const BytesView n = TRY(cursor.read_bytes(modulus));
  const BytesView signature = TRY(cursor.read_bytes(modulus));
  out.exponent = TRY(big_endian(e, e.size()));
  out.modulus = TRY(big_endian(n, n.size()));
  out.signature = TRY(big_endian(signature, signature.size()));
  out.signed_bytes = kCaHeader + exponent + modulus;
  for (const BytesView part : {header, e, n, signature}) append(out.bytes, part);
  return out;
}

enum class Kind : std::uint8_t { kCertificate, kAuthority, kNeither };
Kind kind_of(BytesView bytes) {
  if (bytes.size() < kCaHeader || load_le<std::uint32_t>(bytes, 0) != 1) return Kind::kNeither;
  if (is_end_entity(load_le<std::uint32_t>(bytes, 8))) return Kind::kCertificate;
  const auto usage = load_le<std::uint32_t>(bytes, 0x24), bits = load_le<std::uint32_t>(bytes, 0x3c);
  const bool authority = (usage == 0 || usage == 0x13) && (bits == 2048 || bits == 4096);
  return authority ? Kind::kAuthority : Kind::kNeither;
}

Result<SevCertificates> parse(BytesView bytes) {
  SevCertificates out;
  Cursor cursor(bytes);
  while (cursor.remaining() != 0) {
    if (out.certificates.size() + out.authorities.size() == kMaxCertificates) {
      return invalid("more than {}", kMaxCertificates);
    }
    switch (kind_of(bytes.last(cursor.remaining()))) {
      case Kind::kCertificate:
        out.certificates.push_back(TRY(parse_one(TRY(cursor.read_bytes(SevCertificate::kBytes)))));
        break;
      case Kind::kAuthority: out.authorities.push_back(TRY(read_authority(cursor))); break;
      case Kind::kNeither: return invalid("at byte {} none begins", bytes.size() - cursor.remaining());
    }
  }
  if (out.certificates.empty() && out.authorities.empty()) return invalid("there is none");
  return out;
}

}  // namespace

std::string_view name_of(SevUsage usage) {
  switch (usage) {
    case SevUsage::kArk: return "ARK";
    case SevUsage::kAsk: return "ASK";
    case SevUsage::kOca: return "OCA";
    case SevUsage::kPek: return "PEK";
    case SevUsage::kPdh: return "PDH";
    case SevUsage::kCek: return "CEK";
    case SevUsage::kInvalid: break;
  }
  return "nobody";
}

std::array<SevCertificate::Signature, 2> SevCertificate::signatures() const {
  const BytesView all(bytes);
  const auto at = [&](std::size_t offset) {
    return Signature{static_cast<SevUsage>(load_le<std::uint32_t>(all, offset)),
                     static_cast<SevAlgorithm>(load_le<std::uint32_t>(all, offset + 4)), all.subspan(offset + 8, 512)};
  };
  return {at(0x414), at(0x61c)};
}

Result<SevCertificate> parse_sev_certificate(BytesView bytes) {
  return parse_one(bytes).within("not a SEV certificate");
}
Result<SevCertificates> parse_sev_certificates(BytesView bytes) { return parse(bytes).within("not SEV certificates"); }
bool looks_like_sev_certificates(BytesView bytes) { return kind_of(bytes) != Kind::kNeither; }

Result<Bytes> sev_ecdsa_signature(BytesView signature, std::size_t size) {
  if (signature.size() < 2 * kNumberBytes) return invalid("a signature of {} bytes", signature.size());
  Bytes out = TRY(big_endian(signature.first(kNumberBytes), size));
  append(out, TRY(big_endian(signature.subspan(kNumberBytes, kNumberBytes), size)));
  return out;
}

}  // namespace adyton
