// SPDX-License-Identifier: Apache-2.0
// The two encodings of an EAR's claims set. Used by evidence/ear.cc only.
#pragma once

#include "attest/evidence/ear.h"

namespace adyton {

// Fill everything but the envelope. What is mandatory is checked by the caller of read_ear_cbor(); read_ear_json() does
// so itself only where it can tell absent from empty. Errors: invalid.
Result<void> read_ear_json(const Json& claims, Ear& out);
Result<void> read_ear_cbor(BytesView claims, Ear& out);

Result<TrustTier> checked_tier(std::optional<TrustTier> tier);
Result<std::int8_t> checked_claim(std::int64_t value);

}  // namespace adyton
