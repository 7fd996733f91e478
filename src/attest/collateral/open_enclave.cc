// SPDX-License-Identifier: Apache-2.0
// Endorsements as Open Enclave packs them.
//
// Its own form (openenclave, common/sgx/endorsements.h, oe_endorsements_t), little-endian:
//   u32 version = 1 | u32 enclave type = 2 (SGX) | u32 size | u32 count = 9 | u32 offsets[9] | data
// where `size` and the offsets count from the end of the table's head. And for TDX, Intel's tdx_ql_qv_collateral_t
// (which is sgx_ql_qve_collateral_t: sgx_qve_header.h) with the data behind it:
//   u32 version | u32 TEE type | seven of { u64 pointer | u64 size } | data in that order
#include <array>

#include <adyton/der.h>
#include "attest/collateral/intel_tcb.h"
#include "attest/evidence/intel_quote.h"
#include "attest/json.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/zeros.h"

namespace adyton {
namespace {

constexpr std::uint32_t kParts = 9;
constexpr std::size_t kHead = 16;
constexpr std::size_t kPairs = 7;
constexpr std::size_t kStructHead = 8 + kPairs * 16;
constexpr std::size_t kMostBytes = 4 << 20;

constexpr std::array<std::string_view, kParts> kNames = {"version",
                                                         "TCB info",
                                                         "TCB info issuer chain",
                                                         "PCK CRL",
                                                         "root CA CRL",
                                                         "PCK CRL issuer chain",
                                                         "QE identity",
                                                         "QE identity issuer chain",
                                                         "creation time"};
constexpr std::array<std::string_view, kPairs> kPairNames = {
    "PCK CRL issuer chain",     "root CA CRL", "PCK CRL", "TCB info issuer chain", "TCB info",
    "QE identity issuer chain", "QE identity"};

constexpr std::byte kDerSequence{der::kSequence};

// PEM, DER, hexadecimal DER or JSON, with or without a terminating zero. Nothing else: what could contain endorsements
// again would have to be followed as deep as it goes.
Result<void> add_part(std::string_view name, std::string_view part, BytesView bytes, Collateral& collateral) {
  const std::string what = fmt::format("{}: {}", name, part);
  if (!bytes.empty() && bytes[0] == kDerSequence) {
    der::Reader reader(bytes);  // DER, too, may end with a zero of its own
    const BytesView whole = TRY(reader.element(der::kSequence, part).within(name)).whole;
    if (!all_zero(reader.rest())) return invalid("{}: something follows it", what);
    return collateral.add(what, whole);
  }
  if (!bytes.empty() && bytes.back() == std::byte{0}) bytes = bytes.first(bytes.size() - 1);
  const std::string_view text = as_text(bytes);
  if (text.starts_with('{')) {
    const nlohmann::json json = TRY(parse_json(text).within(what));
    const bool known = TRY(add_intel_json(what, json, bytes, collateral));
    if (!known) return invalid("{}: unknown JSON", what);
    return {};
  }
  if (const auto der = parse_hex(text); der && !der->empty() && der->front() == kDerSequence) {
    return collateral.add(what, *der);
  }
  if (!text.starts_with("-----BEGIN")) return invalid("{}: neither PEM, DER nor JSON", what);
  return collateral.add(what, bytes);
}

bool has_table(BytesView bytes) {
  return bytes.size() >= kHead + 4 * kParts && load_le<std::uint32_t>(bytes, 0) == 1 &&
         load_le<std::uint32_t>(bytes, 4) == 2 && load_le<std::uint32_t>(bytes, 12) == kParts;
}

Result<void> add_table(std::string_view name, BytesView bytes, Collateral& collateral) {
  const BytesView data = bytes.subspan(kHead);
  const std::uint32_t size = load_le<std::uint32_t>(bytes, 8);
  if (size > data.size() || size < 4 * kParts) return invalid("{}: the size {} does not fit", name, size);
  // Offsets count from behind the offsets themselves.
  const BytesView contents = data.first(size).subspan(4 * kParts);
  for (std::size_t i = 0; i < kParts; ++i) {
    const std::size_t start = load_le<std::uint32_t>(data, 4 * i);
    const std::size_t end = i + 1 < kParts ? load_le<std::uint32_t>(data, 4 * (i + 1)) : contents.size();
    if (start > end || end > contents.size()) return invalid("{}: the {} lies outside", name, kNames[i]);
    if (i == 0 || i + 1 == kParts) continue;  // version, creation time: not needed
    TRY(add_part(name, kNames[i], contents.subspan(start, end - start), collateral));
  }
  return {};
}

bool has_struct(BytesView bytes) {
  if (bytes.size() <= kStructHead) return false;
  const std::uint32_t version = load_le<std::uint32_t>(bytes, 0) & 0xffff, tee = load_le<std::uint32_t>(bytes, 4);
  return (version == 3 || version == 4) && (tee == kTeeSgx || tee == kTeeTdx) &&
         as_text(bytes.subspan(kStructHead)).starts_with("-----BEGIN ");
}

Result<void> add_struct(std::string_view name, BytesView bytes, Collateral& collateral) {
  Cursor data(bytes.subspan(kStructHead));
  for (std::size_t i = 0; i < kPairs; ++i) {
    const std::uint64_t size = load_le<std::uint64_t>(bytes, 16 + 16 * i);
    const BytesView part = TRY(data.read_bytes(size).within(fmt::format("{}: {}", name, kPairNames[i])));
    TRY(add_part(name, kPairNames[i], part, collateral));
  }
  return data.finish().within(name);
}

}  // namespace

Result<bool> add_open_enclave_endorsements(std::string_view name, BytesView bytes, Collateral& collateral) {
  if (bytes.size() > kMostBytes) return false;
  if (has_table(bytes)) {
    TRY(add_table(name, bytes, collateral));
    return true;
  }
  if (has_struct(bytes)) {
    TRY(add_struct(name, bytes, collateral));
    return true;
  }
  return false;
}

}  // namespace adyton
