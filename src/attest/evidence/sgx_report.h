// SPDX-License-Identifier: Apache-2.0
// The report body of an SGX enclave: what an SGX quote says of its enclave, and every quote of its quoting enclave.
//
// Intel, "SGX ECDSA QuoteGenReference DCAP API", appendix A.4, "Enclave Report Body"; Intel SDM volume 3D, "Report
// Structure". All integers little-endian.
#pragma once

#include <array>
#include <cstdint>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "base/cursor.h"

namespace adyton {

struct SgxReport {
  static constexpr std::size_t kSize = 384;
  std::array<std::byte, kSize> bytes{};  // exactly as signed

  [[nodiscard]] BytesView cpu_svn() const { return part(0, 16); }
  [[nodiscard]] BytesView misc_select() const { return part(16, 4); }
  // 20: reserved, 12, zero
  [[nodiscard]] BytesView isv_ext_product_id() const { return part(32, 16); }
  [[nodiscard]] BytesView attributes() const { return part(48, 16); }  // 8 bytes of flags, 8 of XFRM
  [[nodiscard]] BytesView mr_enclave() const { return part(64, 32); }
  // 96: reserved, 32, zero
  [[nodiscard]] BytesView mr_signer() const { return part(128, 32); }
  // 160: reserved, 32, zero
  [[nodiscard]] BytesView config_id() const { return part(192, 64); }
  [[nodiscard]] std::uint16_t isv_product_id() const { return load_le<std::uint16_t>(bytes, 256); }
  [[nodiscard]] std::uint16_t isv_svn() const { return load_le<std::uint16_t>(bytes, 258); }
  [[nodiscard]] std::uint16_t config_svn() const { return load_le<std::uint16_t>(bytes, 260); }
  // 262: reserved, 42, zero
  [[nodiscard]] BytesView isv_family_id() const { return part(304, 16); }
  [[nodiscard]] BytesView report_data() const { return part(320, 64); }

  // ATTRIBUTES.FLAGS (SDM volume 3D, "Attributes Structure").
  [[nodiscard]] bool debug() const { return (flags() & 1U << 1) != 0; }
  [[nodiscard]] bool provision_key() const { return (flags() & 1U << 4) != 0; }
  [[nodiscard]] std::uint64_t flags() const { return load_le<std::uint64_t>(bytes, 48); }

 private:
  [[nodiscard]] BytesView part(std::size_t offset, std::size_t size) const {
    return BytesView(bytes).subspan(offset, size);
  }
};

// Errors: invalid: not 384 bytes, a reserved field that is not zero.
Result<SgxReport> parse_sgx_report(BytesView bytes);

}  // namespace adyton
