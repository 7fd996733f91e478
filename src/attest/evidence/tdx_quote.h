// SPDX-License-Identifier: Apache-2.0
// TDX quotes: version 4 (TD report of TDX 1.0), and version 5 with a report of TDX 1.0 or 1.5
// (attest/evidence/intel_quote.h has the layout).
//
// Intel, "TDX DCAP Quoting Library API", appendix A.3.2 ("TD Quote Body") to A.3.4; "TDX Module 1.5 ABI",
// TD_ATTRIBUTES.
#pragma once

#include <array>
#include <cstdint>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/evidence/intel_quote.h"
#include "attest/evidence/quote_signature.h"

namespace adyton {

struct TdReport {
  static constexpr std::size_t kSize10 = 584, kSize15 = 648;
  std::array<std::byte, kSize15> bytes{};  // exactly as signed; the last 64 only in TDX 1.5
  bool is_15 = false;

  [[nodiscard]] BytesView tee_tcb_svn() const { return part(0, 16); }
  [[nodiscard]] BytesView mr_seam() const { return part(16, 48); }
  [[nodiscard]] BytesView mr_signer_seam() const { return part(64, 48); }
  [[nodiscard]] BytesView seam_attributes() const { return part(112, 8); }
  [[nodiscard]] BytesView td_attributes() const { return part(120, 8); }
  [[nodiscard]] BytesView xfam() const { return part(128, 8); }
  [[nodiscard]] BytesView mr_td() const { return part(136, 48); }
  [[nodiscard]] BytesView mr_config_id() const { return part(184, 48); }
  [[nodiscard]] BytesView mr_owner() const { return part(232, 48); }
  [[nodiscard]] BytesView mr_owner_config() const { return part(280, 48); }
  [[nodiscard]] BytesView rtmr(unsigned index) const { return part(328 + 48 * std::size_t{index}, 48); }  // 0 to 3
  [[nodiscard]] BytesView report_data() const { return part(520, 64); }
  [[nodiscard]] BytesView tee_tcb_svn2() const { return part(584, 16); }   // TDX 1.5: the TCB that is loaded now
  [[nodiscard]] BytesView mr_service_td() const { return part(600, 48); }  // TDX 1.5

  // TD_ATTRIBUTES. Bits 7..0 (TUD): any of them makes the TD debuggable; bit 0 is DEBUG, the others reserved.
  [[nodiscard]] bool debug() const { return bytes[120] != std::byte{0}; }
  [[nodiscard]] bool migratable() const { return (attribute_bits() & 1U << 29) != 0; }
  [[nodiscard]] std::uint64_t attribute_bits() const { return load_le<std::uint64_t>(bytes, 120); }

 private:
  [[nodiscard]] BytesView part(std::size_t offset, std::size_t size) const {
    return BytesView(bytes).subspan(offset, size);
  }
};

struct TdxQuote {
  QuoteHeader header;
  TdReport report;
  Bytes signed_part;  // header and report body exactly as signed
  QuoteSignature signature;
};

bool looks_like_tdx_quote(BytesView bytes);

// Exactly one quote. Where bytes may follow it, attest/evidence/intel_wrappers.h finds its end. Errors: invalid.
Result<TdxQuote> parse_tdx_quote(BytesView bytes);

}  // namespace adyton
