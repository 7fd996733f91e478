// SPDX-License-Identifier: Apache-2.0
// Taking off what text people wrap evidence in, before anyone looks what it is: hex, base64, PEM, JSON, CBOR maps.
#pragma once

#include <string>
#include <vector>

#include <adyton/bytes.h>
#include "attest/json.h"

namespace adyton {

struct UnwrapLimits {
  std::size_t bytes = std::size_t{4} << 20;  // of the input; a larger one is left alone
  std::size_t levels = 4;                    // of wrapping within wrapping
  std::size_t candidates = 16;               // in all
};

// What the input could be, from the outside in: the first is the input itself, with an empty trail.
struct Unwrapped {
  struct Candidate {
    Bytes bytes;
    std::string trail;  // what was taken off, the last first: "base64 in JSON member \"quote\""
  };
  std::vector<Candidate> candidates;
};

// Takes off, one after the other and only when the whole input (but for white space and zeros around it) is of the
// form:
// - hex: at least 16 bytes; between bytes white space, or white space and commas if each byte has its 0x; all behind
// one 0x;
//   or each byte as \xNN;
// - base64 and base64url (RFC 4648, 4 and 5): at least 16 bytes; white space anywhere; padded or not; unused bits zero;
// - PEM: nothing but blocks of any label (at most 8), each a candidate;
// - a JSON string; a JSON array of at least 16 numbers from 0 to 255; a JSON object with exactly one member whose name
// says evidence ("quote", "tdx_quote", "evidence", "report",
//   "attestation_report", "attestation_document", ...; case, '_' and '-' do not matter): its text, its array of bytes,
//   or, for an object, its JSON written anew;
// - a CBOR map likewise, with a byte string or a text.
// What is not clearly of one of these forms is left alone: two members that could be evidence are a format of their
// own, and so is an object with "hcl_report", "tpm_quote" or "ak_public". A text that is hex is not tried as base64.
// Never fails; memory is a small multiple of the input.
Unwrapped unwrap(BytesView bytes, UnwrapLimits limits = {});

// Whether a JSON object is evidence that is more than any one of its members: none of them may pass for the whole.
bool is_composite(const Json& object);

}  // namespace adyton
