// SPDX-License-Identifier: Apache-2.0
// Who an enclave is: the same on every back-end, computed offline from the image file alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace adyton {

// SHA-384 digests.
using Digest384 = std::array<std::byte, 48>;

struct Identity {
  Digest384 image{};          // of everything that is loaded, and the manifest (docs/formats/image.md)
  Digest384 signer{};         // SHA-384 of the signer's SubjectPublicKeyInfo (DER)
  std::string name;           // from the manifest
  std::uint16_t product = 0;  // from the manifest: which product of the signer
  std::uint16_t svn = 0;      // from the manifest: security version, grows
  bool debug = false;         // from the manifest: a debugger may look inside
  bool operator==(const Identity&) const = default;
};

}  // namespace adyton
