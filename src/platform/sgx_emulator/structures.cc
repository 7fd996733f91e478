// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_emulator/structures.h"

#include <algorithm>

#include "base/cursor.h"
#include "base/error.h"
#include "base/zeros.h"

namespace adyton::sgx {
namespace {

template <std::size_t N>
void take(BytesView bytes, std::size_t offset, std::array<std::byte, N>& out) {
  std::ranges::copy(bytes.subspan(offset, N), out.begin());
}

template <std::size_t N>
void put(Bytes& bytes, std::size_t offset, const std::array<std::byte, N>& value) {
  std::ranges::copy(value, bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

SgxAttributes attributes_at(BytesView bytes, std::size_t offset) {
  return {load_le<std::uint64_t>(bytes, offset), load_le<std::uint64_t>(bytes, offset + 8)};
}

}  // namespace

std::string_view name_of(Code code) {
  switch (code) {
    case Code::kOk: return "no error";
    case Code::kInvalidSigStruct: return "SGX_INVALID_SIG_STRUCT";
    case Code::kInvalidAttribute: return "SGX_INVALID_ATTRIBUTE";
    case Code::kInvalidMeasurement: return "SGX_INVALID_MEASUREMENT";
    case Code::kInvalidSignature: return "SGX_INVALID_SIGNATURE";
    case Code::kInvalidEinitToken: return "SGX_INVALID_EINITTOKEN";
    case Code::kPageAttributesMismatch: return "SGX_PAGE_ATTRIBUTES_MISMATCH";
    case Code::kPageNotModifiable: return "SGX_PAGE_NOT_MODIFIABLE";
    case Code::kInvalidCpuSvn: return "SGX_INVALID_CPUSVN";
    case Code::kInvalidIsvSvn: return "SGX_INVALID_ISVSVN";
    case Code::kInvalidKeyName: return "SGX_INVALID_KEYNAME";
  }
  return "unknown";
}

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

// Table "Layout of KEYREQUEST Data Structure".
Result<KeyRequest> parse_key_request(BytesView bytes) {
  if (bytes.size() != KeyRequest::kBytes) return invalid("a key request of {} bytes", bytes.size());
  KeyRequest out{.name = load_le<std::uint16_t>(bytes, 0),
                 .policy = load_le<std::uint16_t>(bytes, 2),
                 .svn = load_le<std::uint16_t>(bytes, 4),
                 .config_svn = load_le<std::uint16_t>(bytes, 76),
                 .attribute_mask = attributes_at(bytes, 24),
                 .misc_mask = load_le<std::uint32_t>(bytes, 72)};
  take(bytes, 8, out.cpu_svn);
  take(bytes, 40, out.key_id);
  if ((out.policy & ~KeyRequest::kKnownPolicies) != 0) return invalid("#GP: reserved bits of KEYPOLICY");
  if (!all_zero(bytes.subspan(6, 2)) || !all_zero(bytes.subspan(78)))
    return invalid("#GP: reserved bytes of KEYREQUEST");
  return out;
}

Bytes encode(const KeyRequest& request) {
  Bytes out(KeyRequest::kBytes);
  store_le(out, 0, request.name);
  store_le(out, 2, request.policy);
  store_le(out, 4, request.svn);
  put(out, 8, request.cpu_svn);
  store_le(out, 24, request.attribute_mask.flags);
  store_le(out, 32, request.attribute_mask.xfrm);
  put(out, 40, request.key_id);
  store_le(out, 72, request.misc_mask);
  store_le(out, 76, request.config_svn);
  return out;
}

// Table "Layout of TARGETINFO Data Structure".
Result<TargetInfo> parse_target_info(BytesView bytes) {
  if (bytes.size() != TargetInfo::kBytes) return invalid("a target of {} bytes", bytes.size());
  TargetInfo out{.attributes = attributes_at(bytes, 32),
                 .misc_select = load_le<std::uint32_t>(bytes, 52),
                 .config_svn = load_le<std::uint16_t>(bytes, 50)};
  take(bytes, 0, out.measurement);
  take(bytes, 64, out.config_id);
  if (!all_zero(bytes.subspan(48, 2)) || !all_zero(bytes.subspan(56, 8)) || !all_zero(bytes.subspan(128)))
    return invalid("#GP: reserved bytes of TARGETINFO");
  return out;
}

Bytes encode(const TargetInfo& target) {
  Bytes out(TargetInfo::kBytes);
  put(out, 0, target.measurement);
  store_le(out, 32, target.attributes.flags);
  store_le(out, 40, target.attributes.xfrm);
  store_le(out, 50, target.config_svn);
  store_le(out, 52, target.misc_select);
  put(out, 64, target.config_id);
  return out;
}

}  // namespace adyton::sgx
