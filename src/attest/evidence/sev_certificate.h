// SPDX-License-Identifier: Apache-2.0
// Certificates of AMD's SEV before SNP (Naples, Rome), and of Hygon's CSV, which has the same format with SM2 keys:
// bytes to fields.
//
// Source: Secure Encrypted Virtualization API, AMD publication 55766, revision 3.24, appendices B (CA certificates) and
// C (SEV certificates). Numbers are little-endian.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

// KEY_USAGE, PUBKEY_USAGE.
enum class SevUsage : std::uint32_t {
  kArk = 0,
  kAsk = 0x13,
  kInvalid = 0x1000,
  kOca = 0x1001,
  kPek = 0x1002,
  kPdh = 0x1003,
  kCek = 0x1004,
};
std::string_view name_of(SevUsage usage);  // "PEK"

// PUBKEY_ALGO, SIG_ALGO (table C-2); 4 and 5 are Hygon's.
enum class SevAlgorithm : std::uint32_t {
  kInvalid = 0,
  kRsaSha256 = 1,
  kEcdsaSha256 = 2,
  kEcdhSha256 = 3,
  kSm2 = 4,
  kSm2Dh = 5,
  kRsaSha384 = 0x101,
  kEcdsaSha384 = 0x102,
  kEcdhSha384 = 0x103,
};

// One of OCA, PEK, PDH, CEK.
struct SevCertificate {
  static constexpr std::size_t kBytes = 0x824, kSignedBytes = 0x414;
  std::array<std::byte, kBytes> bytes{};
  std::uint8_t api_major = 0, api_minor = 0;        // 04h
  SevUsage usage = SevUsage::kInvalid;              // 08h
  SevAlgorithm algorithm = SevAlgorithm::kInvalid;  // 0Ch
  std::uint32_t curve = 0;                          // 10h: 1 P-256, 2 P-384, 3 SM2
  Bytes x, y;     // 14h, 5Ch: 72 bytes each; here big-endian, as long as the curve's field
  Bytes user_id;  // A4h: Hygon: the identifier that SM2 signatures by this key are made with
  struct Signature {
    SevUsage usage = SevUsage::kInvalid;  // of the signer
    SevAlgorithm algorithm = SevAlgorithm::kInvalid;
    BytesView bytes;  // 512; little-endian: r and s of 72 bytes each, or an RSA number
  };
  [[nodiscard]] BytesView signed_part() const { return BytesView(bytes).first(kSignedBytes); }
  [[nodiscard]] std::array<Signature, 2> signatures() const;
};

// ARK or ASK of AMD.
struct SevCaCertificate {
  Bytes bytes;
  SevUsage usage = SevUsage::kArk;  // 24h
  Bytes key_id, certifying_id;      // 04h, 14h
  Bytes exponent, modulus;          // big-endian
  Bytes signature;                  // likewise
  std::size_t signed_bytes = 0;
};

struct SevCertificates {
  std::vector<SevCertificate> certificates;
  std::vector<SevCaCertificate> authorities;
};

// One certificate exactly; the user id is read only for SM2 keys. Errors: invalid.
Result<SevCertificate> parse_sev_certificate(BytesView bytes);
// Any number of certificates of both kinds, one after another, 16 at most. Errors: invalid, also for one cut short.
Result<SevCertificates> parse_sev_certificates(BytesView bytes);
bool looks_like_sev_certificates(BytesView bytes);

// The r and s of an ECDSA or SM2 signature, big-endian, `size` bytes each. Errors: invalid, when they are larger.
Result<Bytes> sev_ecdsa_signature(BytesView signature, std::size_t size);

}  // namespace adyton
