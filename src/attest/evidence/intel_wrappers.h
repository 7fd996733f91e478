// SPDX-License-Identifier: Apache-2.0
// What SGX and TDX quotes come wrapped in, from one project to the next, and what came along.
//
// Recognised: bytes that follow a quote (padding, Open Enclave's custom claims); Open Enclave's report header;
// hexadecimal or base64 text; JSON with the quote as a member (Azure's samples, dstack, Trustee, go-tdx-guest); X.509
// certificates with the quote in an extension (Open Enclave, RATS-TLS, Gramine, TCG DICE tagged evidence); Signal's
// SVR2 handshake.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

struct IntelWrapping {
  std::string
      what;     // for people, outermost first: "hexadecimal text, a quote followed by 70 bytes"; empty: a bare quote
  Bytes quote;  // exactly the quote, for parse_sgx_quote() or parse_tdx_quote()
  // What came with it for Collateral::add(), with a name for messages.
  std::vector<std::pair<std::string, Bytes>> collateral;
  // Data that the wrapping says the quote is about: its SHA-256 is then the first half of the report data. Nothing here
  // checks it: attest/verify/intel_wrappers.h does.
  std::vector<Bytes> held_data;
};

// Finds the quote in `bytes`, through at most four wrappings. Errors: invalid: there is none, or a wrapping is broken;
// exhausted: more than 16 MiB.
Result<IntelWrapping> unwrap_intel_quote(BytesView bytes);

// Whether `bytes` begin like a quote, or like a wrapping that is only ever used for quotes. (JSON, certificates and
// text say too little of themselves: try unwrap_intel_quote().)
bool looks_like_intel_wrapping(BytesView bytes);

}  // namespace adyton
