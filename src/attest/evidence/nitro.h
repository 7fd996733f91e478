// SPDX-License-Identifier: Apache-2.0
// AWS Nitro attestation documents as bytes and fields. verify/nitro.h checks them.
//
// Sources: AWS Nitro Enclaves User Guide, "Verifying the root of trust" (structure and "syntactical validation");
// Amazon EC2 User Guide, "Validate a NitroTPM Attestation Document" (the same with other registers).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/cose.h"

namespace adyton {

// Names in quotes are the document's own.
struct NitroDocument {
  Bytes encoded;      // the whole COSE_Sign1, as it came
  CoseSign1 message;  // ES384, 96 bytes of signature, no unprotected headers; payload: the signed document

  bool tpm = false;                // of a NitroTPM: its "nitrotpm_pcrs" stand for "pcrs"
  std::string module_id;           // "module_id", not empty: "i-...-enc..."
  std::uint64_t timestamp_ms = 0;  // "timestamp": milliseconds since 1970, not 0, at most INT64_MAX
  struct Register {
    std::uint8_t index = 0;  // 0 to 31
    Bytes value;             // 32, 48 or 64 bytes; in reality 48, as "digest" is always "SHA384"
  };
  std::vector<Register> registers;          // "pcrs", 1 to 32, ascending
  Bytes certificate;                        // "certificate": DER, 1 to 1024 bytes: of the key that signed
  std::vector<Bytes> bundle;                // "cabundle": from the root down, 1 to 8 of up to 1024 bytes
  std::optional<Bytes> public_key;          // "public_key", 1 to 1024 bytes
  std::optional<Bytes> user_data;           // "user_data", 0 to 1024 bytes
  std::optional<Bytes> nonce;               // "nonce", 0 to 1024 bytes
  std::vector<std::string> unknown_fields;  // names of members that are none of these

  [[nodiscard]] const Bytes* find_register(std::uint8_t index) const;
};

// With or without the tag 18; maps of the payload may have no count (documents since the autumn of 2025). Up to 64 KiB.
// Errors: invalid.
Result<NitroDocument> parse_nitro(BytesView bytes);

// Whether the bytes begin as Nitro documents do. No promise that they parse.
bool looks_like_nitro(BytesView bytes);

}  // namespace adyton
