// SPDX-License-Identifier: Apache-2.0
// Digests by algorithm, for what others measured: event logs, PCR banks, names of TPM objects. Adyton's own
// measurements are crypto/crypto.h's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <adyton/bytes.h>

namespace adyton {

// SHA-1 is here because boot logs and PCR banks still have it; it vouches for nothing by itself.
enum class HashAlgorithm : std::uint8_t { kSha1, kSha256, kSha384, kSha512, kSm3 };

std::string_view name_of(HashAlgorithm algorithm);  // "SHA-256"
std::size_t size_of(HashAlgorithm algorithm);       // bytes

// Of the concatenation of two parts. Nothing only if OpenSSL was built without the algorithm (SM3).
std::optional<Bytes> hash(HashAlgorithm algorithm, BytesView first, BytesView second = {});

// TPM_ALG_ID (TCG Algorithm Registry): 4 SHA-1, 0Bh SHA-256, 0Ch SHA-384, 0Dh SHA-512, 12h SM3.
std::optional<HashAlgorithm> hash_of_tpm_algorithm(std::uint16_t id);
std::uint16_t tpm_algorithm_of(HashAlgorithm algorithm);

}  // namespace adyton
