// SPDX-License-Identifier: Apache-2.0
// Any bytes as a vDSO: a function that is found lies within it.
#include <cstdlib>

#include "platform/sgx_device/vdso.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  const BytesView image = std::as_bytes(std::span(data, size));
  const auto found = sgx::find_vdso_function(image, sgx::kEnterEnclave);
  if (found && *found >= image.size()) std::abort();
  (void)sgx::vdso_bytes(image.first(std::min(image.size(), sgx::kVdsoHeaderBytes)));
  return 0;
}
