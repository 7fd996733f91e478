// SPDX-License-Identifier: Apache-2.0
// The messages of Intel's AESM service: Protocol Buffers (its messages.proto), of which four requests are taken. Sent
// and received after their length in four bytes, little-endian.
#pragma once

#include <cstdint>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton::sgx {

// The field of Request and of Response that a request and its answer are.
enum class AesmRequest : std::uint32_t {
  kInitQuoteEx = 15,
  kGetQuoteSizeEx = 16,
  kGetQuoteEx = 17,
  kGetSupportedKeyCount = 21,
  kGetSupportedKeys = 22,
};
std::string_view name_of(AesmRequest request);

inline constexpr std::size_t kAesmKeyIdBytes = 256;
inline constexpr std::uint32_t kMaxAesmKeys = 64;

// Requests, without their length.
Bytes encode_key_count_request();
Bytes encode_keys_request(std::uint32_t keys);
Bytes encode_init_quote_request(BytesView key_id);
Bytes encode_quote_size_request(BytesView key_id);
Bytes encode_quote_request(BytesView report, BytesView key_id, std::uint32_t quote_bytes);

// What is in an answer that says success: the second field of each of them.
struct AesmAnswer {
  std::uint64_t number = 0;
  BytesView bytes;  // in the message
};

// Errors: as the service says, with the remedy; unavailable, if it does not know the request; invalid, if it is not an
// answer to this request.
Result<AesmAnswer> parse_aesm_answer(AesmRequest request, BytesView message);

// Of the key identities that the service offers, the one of ECDSA with P-256. Errors: unavailable; invalid.
Result<BytesView> choose_aesm_key(BytesView key_ids);

}  // namespace adyton::sgx
