// SPDX-License-Identifier: Apache-2.0
#include "attest/collateral/certificate_table.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/cursor.h"
#include "base/error.h"
#include "base/zeros.h"

namespace adyton {
namespace {

// An entry: 0x00 GUID, 0x10 offset from the table's start, 0x14 length, both little-endian. A GUID of zeros is the end.
constexpr std::size_t kEntryBytes = 24, kGuidBytes = 16, kMaxEntries = 64;

constexpr std::array<std::string_view, 5> kKnown = {
    "63da758d-e664-4564-adc5-f4b93be8accd",  // VCEK
    "a8074bc2-a25a-483e-aae6-39c045a0b8a1",  // VLEK
    "4ab7b379-bbac-4fe4-a02f-05aef327c782",  // ASK or ASVK
    "c0b406a4-a803-4952-9743-3fb6014cd0ae",  // ARK
    "92f81bc3-5811-4d3d-97ff-d19f88dc67ea",  // CRL
};

std::string in_order(BytesView guid, std::string_view order) {
  std::string out;
  for (const char c : order) out += c == '-' ? "-" : to_hex(guid.subspan(c <= '9' ? c - '0' : c - 'a' + 10, 1));
  return out;
}

// The specification does not say how a GUID's fields lie in memory: both ways exist.
std::string guid_text(BytesView guid) {
  std::string mixed = in_order(guid, "3210-54-76-89-abcdef");
  return std::ranges::find(kKnown, mixed) != kKnown.end() ? mixed : in_order(guid, "0123-45-67-89-abcdef");
}

// Whether entries have bytes in common with each other, or with the table, which ends at `behind`.
bool overlap(const std::vector<CertificateTableEntry>& entries, const std::byte* behind) {
  std::vector<BytesView> parts;
  for (const CertificateTableEntry& entry : entries) {
    if (!entry.bytes.empty()) parts.push_back(entry.bytes);
  }
  std::ranges::sort(parts, {}, [](BytesView part) { return part.data(); });
  for (const BytesView part : parts) {
    if (part.data() < behind) return true;
    behind = part.data() + part.size();
  }
  return false;
}

}  // namespace

Result<std::vector<CertificateTableEntry>> parse_certificate_table(BytesView bytes) {
  std::vector<CertificateTableEntry> out;
  Cursor cursor(bytes);
  for (;;) {
    const BytesView entry = TRY(cursor.read_bytes(kEntryBytes).within("the certificate table has no end"));
    const BytesView guid = entry.first(kGuidBytes);
    if (all_zero(guid)) break;
    if (out.size() == kMaxEntries) return invalid("a certificate table of more than {} entries", kMaxEntries);
    const auto offset = load_le<std::uint32_t>(entry, kGuidBytes);
    const auto size = load_le<std::uint32_t>(entry, kGuidBytes + 4);
    if (!in_bounds(offset, size, bytes.size())) return invalid("a certificate that is not within its table");
    out.push_back({guid_text(guid), bytes.subspan(offset, size)});
  }
  if (overlap(out, bytes.data() + (bytes.size() - cursor.remaining()))) {
    return invalid("certificates that overlap one another or their table");
  }
  return out;
}

bool looks_like_certificate_table(BytesView bytes) {
  for (std::size_t i = 0; i < kMaxEntries && bytes.size() >= kEntryBytes; ++i) {
    const BytesView guid = bytes.first(kGuidBytes);
    if (all_zero(guid)) return false;
    if (std::ranges::find(kKnown, guid_text(guid)) != kKnown.end()) return true;
    bytes = bytes.subspan(kEntryBytes);
  }
  return false;
}

}  // namespace adyton
