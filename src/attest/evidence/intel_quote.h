// SPDX-License-Identifier: Apache-2.0
// What SGX and TDX quotes of the versions 3, 4 and 5 have in common: header, body, length and signature data.
//
// Intel, "SGX ECDSA QuoteGenReference DCAP API", appendix A.1 to A.3 (version 3), and "TDX DCAP Quoting Library API",
// appendix A.3 (versions 4 and 5). All integers little-endian.
//
//   version 3, 4:  header (48) | body (384 or 584)                        | u32 size | signature data
//   version 5:     header (48) | u16 type | u32 size | body (384/584/648) | u32 size | signature data
#pragma once

#include <array>
#include <cstdint>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "base/cursor.h"

namespace adyton {

inline constexpr std::uint32_t kTeeSgx = 0x00, kTeeTdx = 0x81;

struct QuoteHeader {
  static constexpr std::size_t kSize = 48;
  std::array<std::byte, kSize> bytes{};

  [[nodiscard]] std::uint16_t version() const { return load_le<std::uint16_t>(bytes, 0); }
  [[nodiscard]] std::uint16_t key_type() const { return load_le<std::uint16_t>(bytes, 2); }  // 2: ECDSA with P-256
  [[nodiscard]] std::uint32_t tee_type() const {
    return load_le<std::uint32_t>(bytes, 4);
  }  // version 3: reserved, zero
  [[nodiscard]] std::uint16_t qe_svn() const { return load_le<std::uint16_t>(bytes, 8); }  // version 4 and 5: reserved
  [[nodiscard]] std::uint16_t pce_svn() const { return load_le<std::uint16_t>(bytes, 10); }  // likewise
  [[nodiscard]] BytesView qe_vendor() const { return BytesView(bytes).subspan(12, 16); }     // a UUID
  [[nodiscard]] BytesView user_data() const { return BytesView(bytes).subspan(28, 20); }     // begins with the QE's ID
};

enum class QuoteBody : std::uint8_t { kSgxReport = 1, kTdReport10 = 2, kTdReport15 = 3 };  // version 5's numbers

// The parts of a quote: views into the bytes that were given.
struct QuoteParts {
  QuoteHeader header;
  QuoteBody body_type = QuoteBody::kSgxReport;
  BytesView signed_part;  // header and body, with what is between them
  BytesView body;
  BytesView signature;
  std::size_t size = 0;  // of all of it; what follows is not part of the quote
};

// The vendor ID that all of Intel's QEs have: 939a7233-f79c-4ca9-940a-0db3957f0607.
BytesView intel_qe_vendor();

// Whether `bytes` begin with the header of a quote of this TEE: version, key type, TEE type, Intel's QE vendor ID.
bool looks_like_intel_quote(BytesView bytes, std::uint32_t tee_type);

// Takes a quote at the start of `bytes` apart; more bytes may follow (many interfaces hand out padded buffers): callers
// compare `size`. Errors: invalid: too short, another version, vendor, attestation key type or body.
Result<QuoteParts> split_intel_quote(BytesView bytes);

// The same for exactly one quote of this TEE. Errors: also those.
Result<QuoteParts> split_whole_quote(BytesView bytes, std::uint32_t tee_type);

}  // namespace adyton
