// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "platform/sgx/device.h"

namespace adyton {

Result<std::unique_ptr<SgxEnclave>> load_sgx_enclave(SgxDevice& device, const SgxPlan& plan,
                                                     const Sigstruct& signature) {
  const std::string where = "loading an enclave by " + std::string(device.name());
  auto enclave = TRY(device.create(plan).within(where));
  for (const SgxPages& pages : plan.pages) {
    TRY(enclave->add(pages).within(fmt::format("{}: {} pages at {:#x}", where, pages.count, pages.offset)));
  }
  TRY(enclave->initialise(signature).within(where));
  return enclave;
}

}  // namespace adyton
