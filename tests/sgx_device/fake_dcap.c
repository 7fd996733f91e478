// SPDX-License-Identifier: Apache-2.0
// Stands in for Intel's libsgx_dcap_ql.so.1: the same functions by the same C interface, with answers that a test can
// recognise. ADYTON_FAKE_DCAP names what goes wrong.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { kOk = 0, kNoCertificates = 0xe011, kEnclaveLost = 0xe014 };
enum { kTargetInfoBytes = 512, kReportBytes = 432, kBodyBytes = 384, kQuoteBytes = 436 + 300, kBufferBytes = kQuoteBytes + 100 };

static int asked(const char* what) {
  const char* wrong = getenv("ADYTON_FAKE_DCAP");
  return wrong != NULL && strcmp(wrong, what) == 0;
}

uint32_t sgx_qe_get_target_info(uint8_t* out) {
  if (asked("lost")) return kEnclaveLost;
  memset(out, 0x51, kTargetInfoBytes);
  return kOk;
}

uint32_t sgx_qe_get_quote_size(uint32_t* size) {
  if (asked("certificates")) return kNoCertificates;
  *size = asked("huge") ? UINT32_MAX : asked("tiny") ? 100 : kBufferBytes;
  return kOk;
}

uint32_t sgx_qe_get_quote(const uint8_t* report, uint32_t size, uint8_t* out) {
  if (asked("number")) return 0xe0ff;
  memset(out, 0, size);
  if (size < kQuoteBytes) return kOk;
  out[0] = 3;
  memcpy(out + 48, report, kBodyBytes);
  const uint32_t signature = asked("long") ? kBufferBytes : kQuoteBytes - 436;
  memcpy(out + 432, &signature, sizeof(signature));
  memset(out + 436, 0x77, kQuoteBytes - 436);
  return kOk;
}
