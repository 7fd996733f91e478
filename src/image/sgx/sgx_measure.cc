// SPDX-License-Identifier: Apache-2.0
// MRENCLAVE as the SDM's pseudocode of ECREATE, EADD and EEXTEND (volume 3D) feeds it to SHA-256: in blocks of 64
// bytes, of which the first 8 bytes are the leaf's name.
#include <algorithm>

#include "base/cursor.h"
#include "crypto/crypto.h"
#include "image/elf_file.h"
#include "image/sgx/sgx_plan.h"

namespace adyton {
namespace {

constexpr std::size_t kRecord = 64;
constexpr std::size_t kChunk = 256;  // of what one EEXTEND measures
constexpr std::size_t kChunks = kPageBytes / kChunk;
constexpr std::size_t kWithContent = kRecord + kChunks * (kRecord + kChunk);  // of a page
constexpr std::size_t kBatch = 64;                                            // pages without content

void put(std::span<std::byte> record, std::string_view leaf) { std::ranges::copy(as_bytes(leaf), record.begin()); }

// EADD's record: the page's offset, and the first 48 bytes of SECINFO, of which all but FLAGS are zero.
void put_eadd(std::span<std::byte> record, std::uint64_t offset, std::uint64_t flags) {
  put(record, "EADD");
  store_le(record, 8, offset);
  store_le(record, 16, flags);
}

// One update() a page: SHA-256 is fast enough for the calls to be felt.
void fold_extended(Sha256& hash, const SgxPages& pages) {
  Bytes block(kWithContent);
  const std::span<std::byte> all(block);
  for (std::size_t chunk = 0; chunk < kChunks; ++chunk)
    put(all.subspan(kRecord + chunk * (kRecord + kChunk)), "EEXTEND");
  for (std::uint64_t page = 0; page < pages.count; ++page) {
    const std::uint64_t offset = pages.offset + page * kPageBytes;
    put_eadd(all, offset, secinfo_flags(pages));
    for (std::size_t chunk = 0; chunk < kChunks; ++chunk) {
      const std::size_t at = kRecord + chunk * (kRecord + kChunk);
      store_le<std::uint64_t>(all, at + 8, offset + chunk * kChunk);
      if (pages.content.empty()) continue;
      std::ranges::copy(pages.content.subspan(page * kPageBytes + chunk * kChunk, kChunk),
                        all.subspan(at + kRecord).begin());
    }
    hash.update(block);
  }
}

void fold_added(Sha256& hash, const SgxPages& pages) {
  Bytes block(kBatch * kRecord);
  const std::span<std::byte> all(block);
  for (std::uint64_t page = 0; page < pages.count;) {
    const std::size_t now = std::min<std::uint64_t>(kBatch, pages.count - page);
    for (std::size_t i = 0; i < now; ++i, ++page) {
      put_eadd(all.subspan(i * kRecord), pages.offset + page * kPageBytes, secinfo_flags(pages));
    }
    hash.update(all.first(now * kRecord));
  }
}

}  // namespace

SgxMeasurement measure_sgx_plan(const SgxPlan& plan) {
  Sha256 hash;
  std::array<std::byte, kRecord> ecreate{};
  put(ecreate, "ECREATE");
  store_le<std::uint32_t>(ecreate, 8, plan.ssa_frame_pages);
  store_le<std::uint64_t>(ecreate, 12, plan.size);
  hash.update(ecreate);
  for (const SgxPages& pages : plan.pages) pages.extended ? fold_extended(hash, pages) : fold_added(hash, pages);
  return hash.finish();
}

}  // namespace adyton
