// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash.h"

#include <array>

#include "crypto/openssl.h"

namespace adyton {
namespace {

struct Properties {
  std::string_view name;
  const char* openssl_name;
  std::size_t size;
  std::uint16_t tpm;
};
constexpr std::array<Properties, 5> kProperties{{{"SHA-1", "SHA1", 20, 0x0004},
                                                 {"SHA-256", "SHA2-256", 32, 0x000b},
                                                 {"SHA-384", "SHA2-384", 48, 0x000c},
                                                 {"SHA-512", "SHA2-512", 64, 0x000d},
                                                 {"SM3", "SM3", 32, 0x0012}}};

const Properties& properties(HashAlgorithm algorithm) { return kProperties[static_cast<std::size_t>(algorithm)]; }

// Fetched once: a fetch by name costs more than hashing a short message.
const EVP_MD* implementation(HashAlgorithm algorithm) {
  static const std::array<const EVP_MD*, kProperties.size()> fetched = [] {
    std::array<const EVP_MD*, kProperties.size()> out;
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = EVP_MD_fetch(openssl_library(), kProperties[i].openssl_name, nullptr);
    }
    return out;
  }();
  return fetched[static_cast<std::size_t>(algorithm)];
}

}  // namespace

std::string_view name_of(HashAlgorithm algorithm) { return properties(algorithm).name; }
std::size_t size_of(HashAlgorithm algorithm) { return properties(algorithm).size; }

std::optional<Bytes> hash(HashAlgorithm algorithm, BytesView first, BytesView second) {
  const EVP_MD* md = implementation(algorithm);
  const OwnedDigestContext context(EVP_MD_CTX_new());
  Bytes out(size_of(algorithm));
  if (!md || !context || EVP_DigestInit_ex2(context.get(), md, nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), first.data(), first.size()) != 1 ||
      EVP_DigestUpdate(context.get(), second.data(), second.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), openssl_output(out), nullptr) != 1) {
    return std::nullopt;
  }
  return out;
}

std::optional<HashAlgorithm> hash_of_tpm_algorithm(std::uint16_t id) {
  for (std::size_t i = 0; i < kProperties.size(); ++i) {
    if (kProperties[i].tpm == id) return static_cast<HashAlgorithm>(i);
  }
  return std::nullopt;
}

std::uint16_t tpm_algorithm_of(HashAlgorithm algorithm) { return properties(algorithm).tpm; }

}  // namespace adyton
