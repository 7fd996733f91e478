// SPDX-License-Identifier: Apache-2.0
#include "testing/fake_sev.h"

#include <algorithm>

#include <adyton/der.h>
#include "base/cursor.h"

namespace adyton::testing {
namespace {

constexpr std::size_t kField = 48, kNumber = 72;

void put_reversed(std::span<std::byte> out, std::size_t at, BytesView number) {
  std::ranges::reverse_copy(number, out.subspan(at).begin());
}

void put_signature(std::span<std::byte> out, std::size_t at, const FakeSevSigner& signer, BytesView message) {
  const bool rsa = signer.key->verifying_key().type() == KeyType::kRsa;
  const auto named = rsa ? SevAlgorithm::kRsaSha256 : SevAlgorithm::kEcdsaSha384;
  store_le(out, at, static_cast<std::uint32_t>(signer.usage));
  store_le(out, at + 4, static_cast<std::uint32_t>(named));
  if (rsa) {
    put_reversed(out, at + 8, signer.key->sign(SignatureAlgorithm::kRsaPssSha256, message).value());
    return;
  }
  const Bytes raw = signer.key->sign(SignatureAlgorithm::kEcdsaSha384, message, EcdsaForm::kRaw).value();
  put_reversed(out, at + 8, BytesView(raw).first(kField));
  put_reversed(out, at + 8 + kNumber, BytesView(raw).subspan(kField));
}

// The modulus in a SubjectPublicKeyInfo.
Bytes modulus_of(const SigningKey& key) {
  der::Reader whole(key.verifying_key().spki());
  der::Reader info = whole.enter(der::kSequence, "").value();
  (void)info.any("").value();
  der::Reader numbers(info.octet_aligned_bits("").value());
  return to_bytes(numbers.enter(der::kSequence, "").value().unsigned_integer("").value());
}

}  // namespace

Bytes fake_sev_certificate(SevUsage usage, const SigningKey& key, const std::vector<FakeSevSigner>& signers) {
  Bytes out(SevCertificate::kBytes);
  const BytesView point = key.verifying_key().spki().last(2 * kField);
  store_le<std::uint32_t>(out, 0, 1);
  store_le<std::uint32_t>(out, 0x08, static_cast<std::uint32_t>(usage));
  store_le<std::uint32_t>(out, 0x0c, static_cast<std::uint32_t>(SevAlgorithm::kEcdsaSha384));
  store_le<std::uint32_t>(out, 0x10, 2);
  put_reversed(out, 0x14, point.first(kField));
  put_reversed(out, 0x14 + kNumber, point.subspan(kField));
  const BytesView message = BytesView(out).first(SevCertificate::kSignedBytes);
  for (const std::size_t at : {0x414, 0x61c}) store_le(out, at, static_cast<std::uint32_t>(SevUsage::kInvalid));
  for (std::size_t i = 0; i < signers.size(); ++i) put_signature(out, i == 0 ? 0x414 : 0x61c, signers[i], message);
  return out;
}

Bytes fake_sev_authority(SevUsage usage, const SigningKey& key, const SigningKey& signer) {
  const Bytes modulus = modulus_of(key);
  Bytes out(0x40 + 2 * modulus.size());
  store_le<std::uint32_t>(out, 0, 1);
  store_le<std::uint32_t>(out, 0x24, static_cast<std::uint32_t>(usage));
  store_le<std::uint32_t>(out, 0x38, 2048);
  store_le<std::uint32_t>(out, 0x3c, 2048);
  store_le<std::uint32_t>(out, 0x40, 65537);
  put_reversed(out, 0x40 + modulus.size(), modulus);
  Bytes signature = signer.sign(SignatureAlgorithm::kRsaPssSha256, out).value();
  std::ranges::reverse(signature);
  append(out, signature);
  return out;
}

}  // namespace adyton::testing
