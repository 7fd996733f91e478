// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_emulator/structures.h"

#include "base/cursor.h"
#include "base/error.h"
#include "base/zeros.h"

namespace adyton::sgx {
// Table "Layout of Thread Control Structure": STATE 0, FLAGS 8, OSSA 16, CSSA 24, NSSA 28, OENTRY 32, AEP 40, OFSBASE
// 48, OGSBASE 56, FSLIMIT 64, GSLIMIT 68, reserved from 72.
Result<TcsFields> parse_tcs(BytesView page) {
  constexpr std::uint64_t kDebugOptIn = 1;
  if (page.size() != kPageBytes) return invalid("a thread control structure of {} bytes", page.size());
  const TcsFields tcs{.flags = load_le<std::uint64_t>(page, 8),
                      .ossa = load_le<std::uint64_t>(page, 16),
                      .oentry = load_le<std::uint64_t>(page, 32),
                      .ofs_base = load_le<std::uint64_t>(page, 48),
                      .ogs_base = load_le<std::uint64_t>(page, 56),
                      .cssa = load_le<std::uint32_t>(page, 24),
                      .nssa = load_le<std::uint32_t>(page, 28),
                      .fs_limit = load_le<std::uint32_t>(page, 64),
                      .gs_limit = load_le<std::uint32_t>(page, 68)};
  if (load_le<std::uint64_t>(page, 0) != 0) return invalid("#GP: TCS.STATE is not zero");
  if ((tcs.flags & ~kDebugOptIn) != 0) return invalid("#GP: reserved bits of TCS.FLAGS ({:#x})", tcs.flags);
  if (tcs.ossa % kPageBytes != 0) return invalid("#GP: TCS.OSSA {:#x} is not at a page", tcs.ossa);
  if (tcs.ofs_base % kPageBytes != 0 || tcs.ogs_base % kPageBytes != 0)
    return invalid("#GP: TCS.OFSBASE or OGSBASE is not at a page");
  if (tcs.cssa != 0) return invalid("#GP: TCS.CSSA is not zero");
  if (!all_zero(page.subspan(72))) return invalid("#GP: reserved bytes of the TCS are not zero");
  return tcs;
}

// Tables "Layout of SECINFO Data Structure" and "Layout of SECINFO.FLAGS Field": R, W, X, PENDING, MODIFIED, PR, type.
Result<SecinfoOperand> parse_secinfo(BytesView bytes) {
  constexpr std::uint64_t kKnown = 0xff3f;
  if (bytes.size() != SecinfoOperand::kBytes) return invalid("a SECINFO of {} bytes", bytes.size());
  const auto flags = load_le<std::uint64_t>(bytes);
  if ((flags & ~kKnown) != 0 || !all_zero(bytes.subspan(8))) return invalid("#GP: reserved bits of SECINFO");
  return SecinfoOperand{.type = static_cast<PageType>(flags >> 8 & 0xff), .flags = flags};
}

}  // namespace adyton::sgx
