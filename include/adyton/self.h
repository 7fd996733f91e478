// SPDX-License-Identifier: Apache-2.0
// What an enclave can ask its own TEE for: who am I, prove it, give me a key only I can have.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/identity.h>
#include <adyton/result.h>
#include <adyton/secret.h>

namespace adyton {

// To whom a sealing key is given again.
enum class SealPolicy : std::uint8_t {
  kImage = 1,   // only this very image
  kSigner = 2,  // this signer's images of this product, with a svn of at least the one the key was made for
};

// Anything that can give sealing keys: the TEE inside an enclave, a fake in a test. Implementations are thread-safe.
class KeySource {
 public:
  virtual ~KeySource() = default;

  // The identity keys are bound to.
  virtual const Identity& identity() const = 0;

  // The back-end's name ("process"): keys of one back-end are never those of another.
  virtual std::string_view backend() const = 0;

  // 32 bytes, always the same for the same machine, back-end, debug flag, policy, identity and label. `label` is 1 to
  // 64 bytes and keeps one use apart from another. `svn` (kSigner only) is this enclave's own unless given; one above
  // the enclave's own is denied, so an older version cannot read what a newer one sealed.
  virtual Result<Secret> sealing_key(SealPolicy policy, std::string_view label,
                                     std::optional<std::uint16_t> svn = std::nullopt) const = 0;
};

// The running enclave. Thread-safe.
class Self : public KeySource {
 public:
  // Evidence, in the back-end's own format, that this enclave with its identity() said `report_data` (0 to 64 bytes).
  virtual Result<Bytes> evidence(BytesView report_data) const = 0;
};

}  // namespace adyton
