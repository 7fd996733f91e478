// SPDX-License-Identifier: Apache-2.0
#include <adyton/enclave.h>

#include "call_bench_calls.h"

int main() {
  return adyton::serve(
      nothing, [] {}, add, [](std::uint64_t a, std::uint64_t b) { return a + b; }, through,
      [](std::span<const std::byte>) {
        static const adyton::Bytes kAnswer(1u << 20, std::byte{7});
        return std::span<const std::byte>(kAnswer);
      });
}
