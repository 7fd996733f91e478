// SPDX-License-Identifier: Apache-2.0
// COSE_Sign1 (RFC 9052, 4.2): the signed envelope of images, and of several TEEs' evidence; and COSE_Mac0 (6.2), which
// some devices have in its place.
//
// Algorithms (RFC 9053, 2; RFC 8230, 2): ES256 -7, EdDSA -8, ES384 -35, ES512 -36, PS256 -37, PS384 -38, PS512 -39.
// Adyton's own keys (crypto/keys.h) have one algorithm each: ES256, EdDSA, ES384, PS384.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "base/cbor.h"
#include "crypto/keys.h"
#include "crypto/signature.h"

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

// The same with other people's keys: the algorithm is the one that the message names, if the key can have it. ES256,
// ES384 and ES512 are taken only with P-256, P-384 and P-521. Errors: as above; invalid, if the algorithm is another.
Result<void> verify_cose_sign1(const CoseSign1& message, const VerifyingKey& key,
                               std::optional<BytesView> detached = {}, BytesView external = {},
                               SeenSignatures* seen = nullptr);

// An envelope with a code that whoever can check it can also make.
struct CoseMac0 {
  Bytes protected_headers;    // the encoded map: these very bytes are authenticated
  Bytes unprotected_headers;  // the encoded map
  Bytes payload;              // detached ones are refused
  Bytes code;
};

// With or without the tag 17; otherwise as parse_cose_sign1().
Result<CoseMac0> parse_cose_mac0(BytesView encoded, cbor::Rules rules = {});

// Checks the code: HMAC 256/256 (5), HMAC 384/384 (6), HMAC 512/512 (7), of RFC 9053, 3.1. Errors: untrusted; invalid,
// if the algorithm is another or the key is empty.
Result<void> verify_cose_mac0(const CoseMac0& message, BytesView key, BytesView external = {});

// The algorithm that the protected headers name. Errors: invalid, if there is none, or it is not a number.
Result<std::int64_t> cose_algorithm_of(const CoseSign1& message);

// "ES256"; empty for an algorithm that is not one of the above.
std::string_view cose_algorithm_name(std::int64_t algorithm);
// The type of key that an algorithm is made with; nothing for one that is not one of the above.
std::optional<KeyType> cose_key_type_of(std::int64_t algorithm);

}  // namespace adyton
