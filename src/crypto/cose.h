// SPDX-License-Identifier: Apache-2.0
// COSE_Sign1 (RFC 9052, 4.2): the signed envelope of images, and of several TEEs' evidence.
//
// Algorithms (RFC 9053, 2; RFC 8230, 2): ES256 -7, EdDSA -8, ES384 -35, PS384 -38. An algorithm belongs to one kind of
// key, and the other way round.
#pragma once

#include <cstdint>
#include <optional>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "base/cbor.h"
#include "crypto/keys.h"

namespace adyton {

// Labels of header parameters (RFC 9052, 3.1).
inline constexpr std::int64_t kCoseAlgorithm = 1;
inline constexpr std::int64_t kCoseCritical = 2;
inline constexpr std::int64_t kCoseContentType = 3;
inline constexpr std::int64_t kCoseKeyId = 4;

std::int64_t cose_algorithm_of(KeyKind kind);

struct CoseSign1 {
  Bytes protected_headers;       // the encoded map: these very bytes are signed
  Bytes unprotected_headers;     // the encoded map
  std::optional<Bytes> payload;  // nothing: detached
  Bytes signature;               // as PublicKey::verify() takes it
};

// With or without the tag 18; nothing may follow. Checks form only. Errors: invalid, also when the protected headers
// name no algorithm, when something critical is asked for that nobody here understands, and when a label is in both
// maps. `rules` hold for the headers too, but not for what the payload contains.
Result<CoseSign1> parse_cose_sign1(BytesView encoded, cbor::Rules rules = {});

// With the tag.
Bytes encode_cose_sign1(const CoseSign1& message);

// The encoded value of a header parameter, if the encoded map has it. Errors: invalid, if it is not a map.
Result<std::optional<BytesView>> find_cose_header(BytesView headers, std::int64_t label, cbor::Rules rules = {});

// What is signed: the Sig_structure (RFC 9052, 4.4).
Bytes cose_to_be_signed(BytesView protected_headers, BytesView payload, BytesView external = {});

// Checks the signature, made with the one algorithm of `key`, over the message's payload; or over `detached` if the
// message carries none. Errors: untrusted; invalid if there is not exactly one payload.
Result<void> verify_cose_sign1(const CoseSign1& message, const PublicKey& key, std::optional<BytesView> detached = {},
                               BytesView external = {});

}  // namespace adyton
