// SPDX-License-Identifier: Apache-2.0
#include "attest/c_api/handles.h"
#include "attest/nonce.h"

#include <algorithm>

namespace adyton {

adyton_status status_of(ErrorCode code) { return static_cast<adyton_status>(exit_status_of(code)); }

Result<BytesView> input(std::string_view what, const void* bytes, std::size_t size) {
  if (bytes == nullptr && size != 0) return invalid("{}: a null pointer to {} bytes", what, size);
  if (size > ADYTON_MAX_INPUT_BYTES) {
    return exhausted("{}: {} bytes; {} are the most", what, size, ADYTON_MAX_INPUT_BYTES);
  }
  return BytesView(static_cast<const std::byte*>(bytes), size);
}

}  // namespace adyton

const char* adyton_attest_version() { return ADYTON_VERSION; }

const char* adyton_status_name(int status) {
  if (status == ADYTON_OK) return "ok";
  if (status < ADYTON_INVALID || status > ADYTON_INTERNAL) return "unknown";
  return adyton::name_of(static_cast<adyton::ErrorCode>(status - ADYTON_INVALID + 1)).data();  // literals
}

adyton_status adyton_report_data_of_nonce(const void* nonce, size_t nonce_size, uint8_t* report_data) {
  if (report_data == nullptr || nonce == nullptr || nonce_size == 0) return ADYTON_INVALID;
  if (nonce_size > ADYTON_MAX_INPUT_BYTES) return ADYTON_EXHAUSTED;
  try {
    const adyton::Digest384 digest =
        adyton::report_data_of_nonce(adyton::BytesView(static_cast<const std::byte*>(nonce), nonce_size));
    static_assert(sizeof digest == ADYTON_NONCE_REPORT_DATA_BYTES);
    std::ranges::transform(digest, report_data, [](std::byte byte) { return std::to_integer<uint8_t>(byte); });
    return ADYTON_OK;
  } catch (const std::bad_alloc&) {
    return ADYTON_EXHAUSTED;
  } catch (...) {
    return ADYTON_INTERNAL;
  }
}
