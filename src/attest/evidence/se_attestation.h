// SPDX-License-Identifier: Apache-2.0
// IBM Secure Execution: attestation requests and answers as pvattest writes them.
//
// Source: s390-tools, rust/pvattest/src/exchange.rs (the exchange format) and rust/pv/src/uvattest (the attestation
// request control block, and what is measured). Numbers are big-endian.
#pragma once

#include <cstdint>
#include <optional>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

// The request control block: who may learn the measurement key, which only the Ultravisor and the request's maker have.
struct SeRequest {
  Bytes bytes;
  std::uint32_t version = 0;                // 08h: 0100h
  std::uint64_t flags = 0;                  // 30h: what else is measured; bit 0 is the highest
  std::uint32_t measurement_algorithm = 0;  // 38h: 1: HMAC-SHA-512
  std::size_t key_slots = 0;                // 20h: host keys that it is encrypted for
  Bytes customer_key;                       // 40h: point on P-521, 160 bytes
};

// A pvattest file: header, then the parts that it leads to. A request has no measurement yet.
struct SeExchange {
  Bytes bytes;
  Bytes request;  // the control block, as given
  std::optional<Bytes> measurement, additional, user_data, configuration_id;
};

// Errors: invalid: an entry that leads outside, an unknown version, sizes beyond the architecture's.
Result<SeExchange> parse_se_exchange(BytesView bytes);
bool looks_like_se_exchange(BytesView bytes);
// Errors: invalid: another size than its parts have together.
Result<SeRequest> parse_se_request(BytesView bytes);

}  // namespace adyton
