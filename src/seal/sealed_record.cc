// SPDX-License-Identifier: Apache-2.0
#include "seal/sealed_record.h"

#include <algorithm>
#include <array>

#include "base/cursor.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::array<std::byte, Aead::kNonceBytes> kNonce{};  // each key is used once

Result<Aead> cipher_of(const Secret& key, BytesView salt) {
  Bytes info = to_bytes("adyton sealed 1 record");
  append(info, salt);
  return Aead::make(TRY(hkdf(key.expose(), info, Aead::kKeyBytes)));
}

}  // namespace

Result<Bytes> seal_record(const Secret& key, BytesView associated, BytesView plain) {
  SealSalt salt;
  TRY(random_bytes(salt));
  Aead cipher = TRY(cipher_of(key, salt));
  Bytes out = to_bytes(salt);
  append(out, TRY(cipher.seal(kNonce, associated, plain)));
  return out;
}

Result<Secret> open_record(const Secret& key, BytesView associated, BytesView record) {
  if (record.size() < kSealedRecordOverhead)
    return untrusted("cut short: {} bytes are no sealed record", record.size());
  Aead cipher = TRY(cipher_of(key, record.first(kSealSaltBytes)));
  Bytes plain = TRY(cipher.open(kNonce, associated, record.subspan(kSealSaltBytes)));
  Secret out = Secret::copy_of(plain);
  wipe(plain);
  return out;
}

SealSalt salt_of(BytesView record) {
  SealSalt out;
  std::ranges::copy(record.first(kSealSaltBytes), out.begin());
  return out;
}

}  // namespace adyton
