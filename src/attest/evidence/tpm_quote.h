// SPDX-License-Identifier: Apache-2.0
// TPM 2.0 quotes and what belongs to them: bytes to fields.
//
// Source: Trusted Platform Module Library, Part 2: Structures, revision 1.59; its section beside each structure. All
// numbers are big-endian; a TPM2B is a 16-bit size and that many bytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/hash.h"
#include "crypto/x509.h"

namespace adyton {

inline constexpr std::size_t kTpmPcrs = 24;  // of a PC client TPM

// TPMS_PCR_SELECTION (10.6.2).
struct TpmPcrSelection {
  HashAlgorithm bank = HashAlgorithm::kSha256;
  std::uint32_t pcrs = 0;  // bit i: PCR i
};

// TPMS_ATTEST (10.12.12) of the type TPM_ST_ATTEST_QUOTE.
struct TpmAttest {
  Bytes bytes;              // exactly as given: what is signed
  Bytes qualified_signer;   // TPM2B_NAME
  Bytes extra_data;         // the qualifying data: a nonce, 64 bytes at most
  std::uint64_t clock = 0;  // ms since the TPM was last cleared (TPMS_CLOCK_INFO, 10.11.1)
  std::uint32_t reset_count = 0, restart_count = 0;
  bool safe = false;  // no value of `clock` above this one was ever reported
  std::uint64_t firmware_version = 0;
  std::vector<TpmPcrSelection> selections;  // TPMS_QUOTE_INFO (10.12.4)
  Bytes pcr_digest;
};

// TPMT_SIGNATURE (11.3.4).
struct TpmSignature {
  enum class Scheme : std::uint8_t { kRsaSsa, kRsaPss, kEcdsa };
  Scheme scheme = Scheme::kRsaSsa;
  HashAlgorithm hash = HashAlgorithm::kSha256;
  Bytes rsa;   // the signature
  Bytes r, s;  // ECDSA: big-endian, perhaps without leading zeros
};

// TPMT_PUBLIC (12.2.4) of an RSA or ECC key.
struct TpmPublic {
  Bytes bytes;  // the TPMT_PUBLIC, without the size of a TPM2B_PUBLIC
  HashAlgorithm name_algorithm = HashAlgorithm::kSha256;
  std::uint32_t attributes = 0;  // TPMA_OBJECT (8.3)
  Bytes auth_policy;
  bool rsa = false;
  Bytes modulus;               // RSA
  std::uint32_t exponent = 0;  // RSA; the structure's 0 stands for 65537
  std::uint16_t curve = 0;     // TPM_ECC_CURVE: 3 P-256, 4 P-384, 5 P-521
  Bytes x, y;
  // A key that signs only what the TPM itself made, and that never leaves it: what an attestation key has to be.
  [[nodiscard]] bool fixed_tpm() const { return (attributes & (1U << 1)) != 0; }
  [[nodiscard]] bool restricted() const { return (attributes & (1U << 16)) != 0; }
  [[nodiscard]] bool signs() const { return (attributes & (1U << 18)) != 0; }
};

// The values of one bank as somebody read them: not signed themselves.
struct TpmPcrValues {
  HashAlgorithm bank = HashAlgorithm::kSha256;
  std::array<std::optional<Bytes>, kTpmPcrs> values;  // each as long as the bank's digests
};

// One quote with everything that was given to check it by.
struct TpmQuote {
  TpmAttest attest;
  TpmSignature signature;
  std::vector<TpmPcrValues> pcrs;
  std::optional<TpmPublic> ak;            // the attestation key as the TPM describes it
  std::optional<VerifyingKey> ak_key;     // or as bare key
  std::vector<Certificate> certificates;  // of the attestation key, and above it
};

// All strict: nothing may follow. Errors: invalid: bad form, an unknown algorithm, another kind of attestation, more
// than 16 selections or a PCR above 23.
Result<TpmAttest> parse_tpm_attest(BytesView bytes);
Result<TpmSignature> parse_tpm_signature(BytesView bytes);
Result<TpmPublic> parse_tpm_public(BytesView bytes);  // TPMT_PUBLIC or TPM2B_PUBLIC

bool looks_like_tpm_attest(BytesView bytes);

}  // namespace adyton
