// SPDX-License-Identifier: Apache-2.0
// Who turns an enclave's REPORT into a quote that others can verify: a quoting enclave, reached in one of several ways.
#pragma once

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

class QuoteSource {
 public:
  virtual ~QuoteSource() = default;
  virtual Result<Bytes> target_info() = 0;            // the 512 bytes of TARGETINFO that a report has to be made for
  virtual Result<Bytes> quote(BytesView report) = 0;  // of such a report's 432 bytes
};

}  // namespace adyton
