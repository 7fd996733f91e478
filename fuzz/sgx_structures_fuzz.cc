// SPDX-License-Identifier: Apache-2.0
// Any bytes as what enclave code gives the emulator's leaves: what parses is what would be written, and no request
// makes a key or a report that its own fields do not name.
#include <algorithm>
#include <cstdlib>

#include "base/cursor.h"
#include "platform/sgx_emulator/keys.h"
#include "platform/sgx_emulator/structures.h"

namespace {

using namespace adyton;
using namespace adyton::sgx;

// The input, cut or filled up with zeros to a structure's size.
Bytes sized(BytesView input, std::size_t size) {
  Bytes out(size);
  std::ranges::copy(input.first(std::min(input.size(), size)), out.begin());
  return out;
}

void check_tcs(BytesView page) {
  const auto tcs = parse_tcs(page);
  if (!tcs) return;
  const bool aligned =
      tcs->ossa % kPageBytes == 0 && tcs->ofs_base % kPageBytes == 0 && tcs->ogs_base % kPageBytes == 0;
  if (!aligned || tcs->cssa != 0 || (tcs->flags & ~std::uint64_t{1}) != 0) std::abort();
}

void check_key_request(BytesView bytes, const Processor& processor, const Secs& secs) {
  const auto request = parse_key_request(bytes);
  if (!request) return;
  if (encode(*request) != to_bytes(bytes)) std::abort();
  const auto key = get_key(processor, secs, *request);
  if (!key) return;
  const bool provisions = request->name == static_cast<std::uint16_t>(KeyName::kProvision) ||
                          request->name == static_cast<std::uint16_t>(KeyName::kProvisionSeal);
  if (key->code == Code::kOk && provisions && (secs.attributes.flags & SgxAttributes::kProvisionKey) == 0) std::abort();
  const bool versioned = request->name != static_cast<std::uint16_t>(KeyName::kReport);
  if (key->code == Code::kOk && versioned && request->svn > secs.svn) std::abort();
}

void check_target(BytesView bytes, const Processor& processor, const Secs& secs) {
  const auto target = parse_target_info(bytes);
  if (!target) return;
  if (encode(*target) != to_bytes(bytes)) std::abort();
  const auto report = make_report(processor, secs, *target, Bytes(kReportDataBytes, std::byte{7}));
  if (!report || report->size() != kReportBytes) std::abort();
}

void check_secinfo(BytesView bytes) {
  const auto info = parse_secinfo(bytes);
  if (info && (load_le<std::uint64_t>(bytes) != info->flags || (info->flags >> 16) != 0)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Processor kProcessor{.fuses = *SgxFuses::make()};
  static const Secs kSecs = [] {
    Secs out;
    out.attributes.flags = SgxAttributes::kInit | SgxAttributes::kMode64 | SgxAttributes::kKss;
    out.product = 4;
    out.svn = 9;
    return out;
  }();
  const BytesView input = std::as_bytes(std::span(data, size));
  check_tcs(sized(input, kPageBytes));
  check_tcs(input);
  check_key_request(sized(input, KeyRequest::kBytes), kProcessor, kSecs);
  check_target(sized(input, TargetInfo::kBytes), kProcessor, kSecs);
  check_secinfo(sized(input, SecinfoOperand::kBytes));
  // Of any other size: refused.
  if (input.size() != KeyRequest::kBytes && parse_key_request(input)) std::abort();
  if (input.size() != TargetInfo::kBytes && parse_target_info(input)) std::abort();
  if (input.size() != SecinfoOperand::kBytes && parse_secinfo(input)) std::abort();
  return 0;
}
