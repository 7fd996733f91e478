// SPDX-License-Identifier: Apache-2.0
// Tokens that attestation services give out: JSON Web Tokens in which Microsoft, Google or NVIDIA say what they found
// when they checked somebody's evidence. Form only.
//
// Microsoft Azure Attestation: "Examples of an attestation token", "Azure Attestation EAT profile for Intel TDX"
// (Microsoft Learn). Google Confidential Space: "Attestation token claims" (cloud.google.com). NVIDIA Remote
// Attestation Service: "Claims guide" (docs.nvidia.com/attestation), a detached EAT bundle (RFC 9711, 5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/evidence/jwt.h"

namespace adyton {

enum class TokenService : std::uint8_t { kMicrosoft, kGoogle, kNvidia };
std::string_view name_of(TokenService service);  // "Microsoft Azure Attestation"

struct Token {
  TokenService service;
  Jwt jwt;  // NVIDIA: the overall one
  struct Device {
    std::string name;  // of the submodule: "GPU-0"
    Jwt jwt;
  };
  std::vector<Device> devices;  // NVIDIA's detached claims, by name

  // For each submodule of the overall token, the digest it names (RFC 9711, 4.2.18.2, DIGEST).
  struct SubmoduleDigest {
    std::string name;
    std::string algorithm;  // as it stands there: "SHA-256"
    Bytes digest;
  };
  std::vector<SubmoduleDigest> digests;
};

inline constexpr std::size_t kMaxTokenDevices = 64;

// Takes a compact JWT (white space after it is passed over), {"token": "..."} as Azure answers, or NVIDIA's bundle
// [["JWT", "..."], {"GPU-0": "...", ...}]. Errors: invalid, also for a token of a service that is not one of the three:
// which one it is is told from the claims' names and "iss".
Result<Token> parse_token(BytesView bytes);

// Whether the bytes are one of these forms on the outside. An EAR (evidence/ear.h) is a JWT too.
bool looks_like_token(BytesView bytes);

}  // namespace adyton
