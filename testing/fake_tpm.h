// SPDX-License-Identifier: Apache-2.0
// A stand-in for TPMs and measuring firmware: quotes, public areas, event logs, and Azure's HCL reports around them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <adyton/bytes.h>
#include "attest/evidence/event_log.h"
#include "attest/evidence/tpm_quote.h"
#include "crypto/signing_key.h"

namespace adyton::testing {

struct FakeQuote {
  Bytes extra_data;
  std::vector<TpmPcrSelection> selections{{HashAlgorithm::kSha256, 0xff}};
  Bytes pcr_digest = Bytes(32);
  bool safe = true;
};
Bytes fake_tpm_attest(const FakeQuote& fields);

// TPMT_SIGNATURE with SHA-256 by an RSA (RSASSA, or RSAPSS) or P-256 key.
Bytes fake_tpm_signature(BytesView attest, const SigningKey& key, bool pss = false);

// TPMT_PUBLIC of an RSA or P-256 key.
inline constexpr std::uint32_t kFakeAkAttributes = 0x00050072;  // fixedTPM, fixedParent, ..., restricted, sign
Bytes fake_tpm_public(const SigningKey& key, std::uint32_t attributes = kFakeAkAttributes);

// The quote of all PCRs of `values` with the matching digest.
TpmQuote fake_tpm_quote(const TpmPcrValues& values, Bytes extra_data, const SigningKey& key);
TpmPcrValues fake_pcrs(HashAlgorithm bank);  // PCR i: bytes of value i

struct FakeEvent {
  std::uint32_t register_index = 0, type = 0;
  Bytes data;  // each bank's digest is of this
};
// A crypto-agile log of these banks; or, with none, one of the SHA-1 format.
Bytes fake_event_log(const std::vector<FakeEvent>& events, const std::vector<HashAlgorithm>& banks);

// An HCL report around 1184 bytes of a hardware report; `kind` 2 SNP, 4 TDX.
Bytes fake_hcl_report(BytesView hardware, std::uint32_t kind, std::string_view runtime_json,
                      std::uint32_t hash_type = 1);
// Runtime data that names an RSA key as HCLAkPub.
std::string fake_runtime_json(const SigningKey& ak);

}  // namespace adyton::testing
