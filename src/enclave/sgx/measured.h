// SPDX-License-Identifier: Apache-2.0
// What an SGX enclave knows of itself without its host: from its measured pages (image/sgx/keep_config.h), to which the
// keep kernel leads, and from its processor.
#pragma once

#include <optional>

#include <adyton/identity.h>
#include <adyton/result.h>
#include "enclave/sgx/instructions.h"

namespace adyton {

struct MeasuredEnclave {
  Bytes manifest;  // the exact CBOR that MRENCLAVE covers
  // image: from the measured pages. signer: MRSIGNER and 16 zero bytes, since the processor knows no other. All else is
  // the manifest's, and what of it the processor knows is the processor's as well.
  Identity identity;
  bool kss = false;              // SECS.ATTRIBUTES.KSS
  std::uint16_t config_svn = 0;  // with KSS
};

// `report` is EREPORT's, of this enclave. Errors: invalid, when the manifest is malformed; denied, when the enclave was
// signed as another product or svn than its manifest says, or runs as a debug enclave against it.
Result<MeasuredEnclave> make_measured_enclave(const Digest384& image, BytesView manifest, BytesView report);

// This program's enclave; nothing, if it is in none. Looked up once, kept to the end, thread-safe.
const Result<std::optional<MeasuredEnclave>>& measured_enclave();

}  // namespace adyton
