// SPDX-License-Identifier: Apache-2.0
// Any bytes as a keep kernel beneath an image, and as an image over a keep kernel: every plan holds to EADD's rules.
#include <cstdlib>

#include "image/sgx/test_keep.h"

namespace adyton {
namespace {

void check(const SgxPlan& plan) {
  std::uint64_t end = 0;
  for (const SgxPages& pages : plan.pages) {
    const bool aligned = pages.offset % 4096 == 0 && pages.offset >= end && pages.count > 0;
    const bool filled = pages.content.empty() || pages.content.size() == pages.count * 4096;
    const bool permitted = !pages.writable || (pages.readable && !pages.executable);
    if (!aligned || !filled || !permitted) std::abort();
    end = pages.offset + pages.count * 4096;
  }
  if (end > plan.size || plan.size > kMaxSgxBytes || (plan.size & (plan.size - 1)) != 0) std::abort();
}

}  // namespace
}  // namespace adyton

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  static const Image kImage = test_sgx_image();
  const BytesView input = std::as_bytes(std::span(data, size));
  if (const auto plan = make_sgx_plan(kImage, input)) check(*plan);
  const auto image = Image::parse(to_bytes(input), {.memory_bytes = 64 << 20});
  if (!image) return 0;
  if (const auto plan = make_sgx_plan(*image, kImage.keep())) check(*plan);
  if (const auto signed_plan = verify_sgx_signature(*image)) check(signed_plan->plan);
  return 0;
}
