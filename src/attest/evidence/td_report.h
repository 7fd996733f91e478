// SPDX-License-Identifier: Apache-2.0
// TDREPORT: what a TD gets from the TDX module to have a quote made of. Its MAC is keyed by the processor, so nobody
// elsewhere can check it; it is recognised to say so, and because people have it at hand and take it for evidence.
//
// Intel, "TDX Module ABI", TDREPORT_STRUCT: REPORTMACSTRUCT (256) | TEE_TCB_INFO (239) | reserved (17) | TDINFO (512).
#pragma once

#include <array>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

struct LocalTdReport {
  static constexpr std::size_t kSize = 1024;
  std::array<std::byte, kSize> bytes{};

  [[nodiscard]] unsigned version() const { return std::to_integer<unsigned>(bytes[2]); }  // 0: TDX 1.0, 1: TDX 1.5
  [[nodiscard]] BytesView tee_tcb_info_hash() const { return part(32, 48); }              // SHA-384
  [[nodiscard]] BytesView tee_info_hash() const { return part(80, 48); }                  // SHA-384
  [[nodiscard]] BytesView report_data() const { return part(128, 64); }
  [[nodiscard]] BytesView mac() const { return part(224, 32); }
  [[nodiscard]] BytesView tee_tcb_info() const { return part(256, 239); }
  [[nodiscard]] BytesView tee_tcb_svn() const { return part(264, 16); }
  [[nodiscard]] BytesView mr_seam() const { return part(280, 48); }
  [[nodiscard]] BytesView td_info() const { return part(512, 512); }
  [[nodiscard]] BytesView td_attributes() const { return part(512, 8); }
  [[nodiscard]] BytesView xfam() const { return part(520, 8); }
  [[nodiscard]] BytesView mr_td() const { return part(528, 48); }
  [[nodiscard]] BytesView mr_config_id() const { return part(576, 48); }
  [[nodiscard]] BytesView mr_owner() const { return part(624, 48); }
  [[nodiscard]] BytesView mr_owner_config() const { return part(672, 48); }
  [[nodiscard]] BytesView rtmr(unsigned index) const { return part(720 + 48 * std::size_t{index}, 48); }  // 0 to 3

 private:
  [[nodiscard]] BytesView part(std::size_t offset, std::size_t size) const {
    return BytesView(bytes).subspan(offset, size);
  }
};

bool looks_like_local_td_report(BytesView bytes);

// Errors: invalid: not 1024 bytes, another report type, a reserved field that is not zero.
Result<LocalTdReport> parse_local_td_report(BytesView bytes);

}  // namespace adyton
