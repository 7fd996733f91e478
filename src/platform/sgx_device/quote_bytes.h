// SPDX-License-Identifier: Apache-2.0
// The forms of what a quoting enclave takes and gives: sizes, and where a quote ends in the buffer that it was put
// into.
#pragma once

#include <cstdint>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton::sgx {

inline constexpr std::uint32_t kMaxQuoteBytes = 64 << 10;

// Errors: invalid, if they are not the 432 bytes of a REPORT.
Result<void> check_report(BytesView report);

// The quote in `buffer`, which may be longer: a header and report body of 432 bytes, the signature data's length, the
// signature data (Intel's "SGX ECDSA Quote Library Reference", appendix A.4). Errors: invalid.
Result<Bytes> trim_quote(BytesView buffer);

}  // namespace adyton::sgx
