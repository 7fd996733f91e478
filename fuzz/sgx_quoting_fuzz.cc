// SPDX-License-Identifier: Apache-2.0
// Any bytes as what crosses between an SGX enclave, its host and the emulated quoting enclave: a TARGETINFO, a
// KEYREQUEST, a report. A report whose code is right is made of any body, as enclaves choose their own.
#include <algorithm>
#include <cstdlib>

#include "attest/evidence/sgx_quote.h"
#include "crypto/cmac.h"
#include "platform/sgx_emulator/quoting_enclave.h"

namespace {

using namespace adyton;

constexpr std::int64_t kNow = 1'795'000'000;

// Always the same: what is found is found again.
SgxFuses fuses() { return {.device = Secret(16), .seal = Secret(16)}; }

EmulatedQuotingEnclave& quoting() {
  static auto& enclave =
      *EmulatedQuotingEnclave::make(fuses(), sgx::QuotingAuthority::make(kNow).value(), kNow).value().release();
  return enclave;
}

// The report as an enclave's processor would have made it for the quoting enclave.
Bytes with_code(BytesView report) {
  const auto target = sgx::parse_target_info(quoting().target_info().value()).value();
  sgx::Secs secs;
  secs.mr_enclave = target.measurement;
  secs.attributes = target.attributes;
  sgx::KeyRequest request{.name = static_cast<std::uint16_t>(sgx::KeyName::kReport)};
  std::ranges::copy(report.subspan(sgx::kReportKeyId, 32), request.key_id.begin());
  const sgx::Processor processor{.fuses = fuses()};
  const auto key = sgx::get_key(processor, secs, request).value();
  Bytes out = to_bytes(report);
  std::ranges::copy(aes128_cmac(key.key, report.first(sgx::kReportBodyBytes)).value(), out.begin() + sgx::kReportMac);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes = std::as_bytes(std::span(data, size));
  if (const auto target = sgx::parse_target_info(bytes); target && sgx::encode(*target) != to_bytes(bytes))
    std::abort();
  if (const auto request = sgx::parse_key_request(bytes); request && sgx::encode(*request) != to_bytes(bytes))
    std::abort();
  if (size != sgx::kReportBytes) {
    if (quoting().quote(bytes)) std::abort();
    return 0;
  }
  const Bytes report = with_code(bytes);
  const auto quote = quoting().quote(report);
  const auto body = parse_sgx_report(BytesView(report).first(sgx::kReportBodyBytes));
  if (quote.has_value() != body.has_value()) std::abort();
  if (quote && parse_sgx_quote(*quote).value().report.bytes != body->bytes) std::abort();
  return 0;
}
