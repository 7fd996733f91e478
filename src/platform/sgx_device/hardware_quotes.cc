// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx_device/hardware_quotes.h"

#include "base/cursor.h"
#include "base/error.h"
#include "platform/sgx_device/quote_bytes.h"
#include "platform/sgx_emulator/structures.h"

namespace adyton {

namespace sgx {

Result<void> check_report(BytesView report) {
  if (report.size() == kReportBytes) return {};
  return invalid("a report has {} bytes, not {}", kReportBytes, report.size());
}

Result<Bytes> trim_quote(BytesView buffer) {
  constexpr std::size_t kLengthOffset = 432, kSignatureOffset = 436;
  if (buffer.size() < kSignatureOffset) return invalid("a quote of {} bytes", buffer.size());
  const auto signature_bytes = load_le<std::uint32_t>(buffer, kLengthOffset);
  if (!in_bounds(kSignatureOffset, signature_bytes, buffer.size()))
    return invalid("a quote of {} bytes with {} of signature data", buffer.size(), signature_bytes);
  return to_bytes(buffer.first(kSignatureOffset + signature_bytes));
}

}  // namespace sgx

Result<std::unique_ptr<QuoteSource>> make_hardware_quotes(const HardwareQuoteOptions& options) {
  auto service = make_aesm_quotes(options);
  if (service) return service;
  auto library = make_dcap_quotes(options);
  if (library) return library;
  return unavailable("nothing makes quotes here: {}; {}", service.error().message, library.error().message);
}

}  // namespace adyton
