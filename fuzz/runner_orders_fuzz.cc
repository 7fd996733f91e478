// SPDX-License-Identifier: Apache-2.0
// Any bytes as a runner's orders and, in them, as an emulated processor's fuses: what parses is what was written.
#include <algorithm>
#include <cstdlib>

#include "image/elf_file.h"
#include "platform/sgx/runner_orders.h"
#include "platform/sgx_emulator/fuses.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  const BytesView input = std::as_bytes(std::span(data, size));
  if (const auto orders = parse_runner_orders(input)) {
    const Secret again = encode_runner_orders(*orders, orders->plan, orders->sigstruct);
    if (!std::ranges::equal(again.expose(), input)) std::abort();
    if (orders->plan.tcs_offsets.size() * kPageBytes > size) std::abort();
    if (orders->fuses) static_cast<void>(SgxFuses::decode(orders->fuses->expose()));
  }
  if (const auto fuses = SgxFuses::decode(input)) {
    const Secret again = fuses->encode();
    if (!std::ranges::equal(again.expose(), input)) std::abort();
  }
  return 0;
}
