// SPDX-License-Identifier: Apache-2.0
// What a PCK certificate says of the platform it was issued for, in Intel's extension 1.2.840.113741.1.13.1.
//
// Intel, "SGX PCK Certificate and Certificate Revocation List Profile Specification", 1.3.5 and annex A.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "crypto/x509.h"

namespace adyton {

using Svns = std::array<std::uint8_t, 16>;  // of the components of a TCB

// The FMSPC that the platforms of Adyton's SGX emulator have, "Adyton" in ASCII; Intel vouches for none such.
inline constexpr std::array<std::byte, 6> kEmulatedFmspc = {std::byte{'A'}, std::byte{'d'}, std::byte{'y'},
                                                            std::byte{'t'}, std::byte{'o'}, std::byte{'n'}};

enum class SgxType : std::uint8_t { kStandard = 0, kScalable = 1, kScalableWithIntegrity = 2 };

struct PckExtensions {
  std::array<std::byte, 16> ppid{};
  Svns components{};                                              // 2.1 to 2.16
  std::uint16_t pce_svn = 0;                                      // 2.17
  std::array<std::byte, 16> cpu_svn{};                            // 2.18
  std::array<std::byte, 2> pce_id{};                              // 3
  std::array<std::byte, 6> fmspc{};                               // 4
  SgxType sgx_type = SgxType::kStandard;                          // 5
  std::optional<std::array<std::byte, 16>> platform_instance_id;  // 6, and below: multi-package platforms only
  std::optional<bool> dynamic_platform;                           // 7.1
  std::optional<bool> cached_keys;                                // 7.2
  std::optional<bool> smt_enabled;                                // 7.3
};

bool has_pck_extensions(const Certificate& certificate);

// Errors: not_found: it has no such extension; invalid: bad form, a field twice, one of 1 to 5 missing.
Result<PckExtensions> parse_pck_extensions(const Certificate& certificate);
Result<PckExtensions> parse_pck_extensions(BytesView der);  // the extension's contents

// The extension's contents, as authorities write them: 7 only with `dynamic_platform`, and then all three of it.
Bytes encode_pck_extensions(const PckExtensions& extensions);

// The encoded arcs of 1.2.840.113741.1.13.1.
BytesView pck_extensions_oid();

}  // namespace adyton
