// SPDX-License-Identifier: Apache-2.0
// Who turns an enclave's REPORT into a quote that others can verify: a quoting enclave, reached in one of several ways,
// or the emulator's.
#pragma once

#include <functional>
#include <memory>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace adyton {

// Thread-safe.
class QuoteSource {
 public:
  virtual ~QuoteSource() = default;

  // The TARGETINFO (512 bytes) for which an enclave makes a report that this quoting enclave can check. Errors:
  // unavailable, with the remedy, where there is none.
  virtual Result<Bytes> target_info() = 0;

  // A quote of `report`, 432 bytes for that target. Errors: invalid, when it has another size or form; untrusted, when
  // it is not by an enclave of this machine for this target; unavailable.
  virtual Result<Bytes> quote(BytesView report) = 0;
};

// The source that `open` makes, made when it is first asked: most enclaves never want a quote. An error is every call's
// until one succeeds.
std::shared_ptr<QuoteSource> on_demand(std::function<Result<std::unique_ptr<QuoteSource>>()> open);

}  // namespace adyton
