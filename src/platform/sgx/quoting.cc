// SPDX-License-Identifier: Apache-2.0
#include "platform/sgx/quoting.h"

#include <mutex>

#include "base/error.h"

namespace adyton {
namespace {

class OnDemand : public QuoteSource {
 public:
  explicit OnDemand(std::function<Result<std::unique_ptr<QuoteSource>>()> open) : open_(std::move(open)) {}

  Result<Bytes> target_info() override { return TRY(source())->target_info(); }
  Result<Bytes> quote(BytesView report) override { return TRY(source())->quote(report); }

 private:
  Result<QuoteSource*> source() {
    const std::lock_guard lock(mutex_);
    if (source_ == nullptr) source_ = TRY(open_());
    return source_.get();
  }

  const std::function<Result<std::unique_ptr<QuoteSource>>()> open_;
  std::mutex mutex_;
  std::unique_ptr<QuoteSource> source_;
};

}  // namespace

std::shared_ptr<QuoteSource> on_demand(std::function<Result<std::unique_ptr<QuoteSource>>()> open) {
  return std::make_shared<OnDemand>(std::move(open));
}

}  // namespace adyton
