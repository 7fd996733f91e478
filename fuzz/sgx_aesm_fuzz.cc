// SPDX-License-Identifier: Apache-2.0
// Any bytes as the AESM service's answer to each of the requests; what is taken out of it lies within it.
#include <cstdlib>

#include "platform/sgx_device/aesm_messages.h"
#include "platform/sgx_device/quote_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  using enum sgx::AesmRequest;
  if (size == 0) return 0;
  constexpr sgx::AesmRequest kRequests[] = {kInitQuoteEx, kGetQuoteSizeEx, kGetQuoteEx, kGetSupportedKeyCount,
                                            kGetSupportedKeys};
  const BytesView message = std::as_bytes(std::span(data, size)).subspan(1);
  const auto answer = sgx::parse_aesm_answer(kRequests[data[0] % std::size(kRequests)], message);
  if (!answer) return 0;
  const BytesView bytes = answer->bytes;
  if (!bytes.empty() &&
      (bytes.data() < message.data() || bytes.data() + bytes.size() > message.data() + message.size()))
    std::abort();
  const auto key = sgx::choose_aesm_key(bytes);
  if (key && key->size() != sgx::kAesmKeyIdBytes) std::abort();
  const auto quote = sgx::trim_quote(bytes);
  if (quote && quote->size() > bytes.size()) std::abort();
  return 0;
}
