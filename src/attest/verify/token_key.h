// SPDX-License-Identifier: Apache-2.0
// What the certificate of a key of Microsoft Azure Attestation says: that the key was made in an enclave.
#pragma once

#include <optional>
#include <string_view>

#include <adyton/bytes.h>
#include "attest/verify/context.h"
#include "attest/verify/findings.h"

namespace adyton {

inline constexpr std::string_view kTokenKey = "token key";
inline constexpr std::string_view kTokenEnclave = "enclave of the token's key";  // a part: the quote in the certificate

// `key` signed and is believed already; what its certificate says comes on top. The certificate is the one that the
// anchors or the collateral have for this very key; without one there is nothing to check. Adds kTokenKey checks: out
// of time, when the certificate is; about the quote in it, passed when it is genuine and its report data are the
// SHA-256 of the key (as PEM with a zero byte at its end, Open Enclave's way), failed when the quote is not genuine or
// names another key, noted when it cannot be told for want of collateral. A quote that was checked is the part
// kTokenEnclave, so that policies ask of its debug and TCB status, too.
void check_key_certificate(const VerifyingKey& key, const VerifyContext& context, Findings& findings);

// The evidence in such a certificate (extension 1.3.6.1.4.1.311.105.1, or 1.2.840.113556.10.1.1 in older ones) for
// unwrap_intel_quote(). Nothing: it has none.
std::optional<Bytes> key_evidence_of(const Certificate& certificate);

// What such evidence is about: the key as PEM and a zero byte. `spki`: SubjectPublicKeyInfo, DER.
Bytes held_key(BytesView spki);

}  // namespace adyton
