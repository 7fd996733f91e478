// SPDX-License-Identifier: Apache-2.0
// A packed bundle: all the collateral of an occasion in one file (docs/formats/collateral-bundle.md).
//
//   bundle = #6.1094992706({ * name => bytes })      CBOR (RFC 8949), deterministic; name: text, 1 to 2048 bytes
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

inline constexpr std::uint64_t kBundleTag = 0x41444342;  // "ADCB"
inline constexpr std::size_t kMaxBundleEntries = 4096;

using Bundle = std::map<std::string, Bytes>;

bool looks_like_bundle(BytesView bytes);
Result<Bytes> pack_bundle(const Bundle& bundle);  // errors: invalid, for a name that is empty, too long or no UTF-8
Result<Bundle> parse_bundle(BytesView bytes);     // errors: invalid; what is accepted packs to the same bytes

}  // namespace adyton
