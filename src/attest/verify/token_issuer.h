// SPDX-License-Identifier: Apache-2.0
// How the attestation services whose tokens are known here name themselves, and where they have their keys.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "attest/evidence/token.h"
#include "attest/verify/trust_anchors.h"

namespace adyton {

inline constexpr std::string_view kGoogleIssuer = "https://confidentialcomputing.googleapis.com";
inline constexpr std::string_view kNvidiaIssuer = "https://nras.attestation.nvidia.com";

// Whose name ("iss") that is; nothing: nobody's. Microsoft: https://NAME[.REGION...].attest.azure.net, or that of one
// of the national clouds, and nothing more.
std::optional<TokenService> service_of_issuer(std::string_view issuer);

AnchorUse anchor_use_of(TokenService service);

// The address of the JWK set of this issuer, which is one of the service's.
std::string key_set_address(TokenService service, std::string_view issuer);

// Whether an address is what key_set_address() makes of some issuer.
bool is_key_set_address(std::string_view url);

}  // namespace adyton
