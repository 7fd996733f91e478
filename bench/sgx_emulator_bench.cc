// SPDX-License-Identifier: Apache-2.0
// What EENTER and EEXIT cost in the SGX emulator: redirected and trapped.
#include <benchmark/benchmark.h>

#include "bench/compare.h"
#include "tests/sgx_emulator/test_plan.h"

namespace adyton::sgx {
namespace {

void enter_and_exit(benchmark::State& state, bool strict) {
  const SgxPlan plan = TestPlan::make();
  const auto device = test_device({.strict = strict});
  const auto enclave = *load_sgx_enclave(*device, plan, TestPlan::sign(plan));
  for (auto _ : state) {
    const auto end = enclave->enter(TestPlan::tcs(0), SgxLeaf::kEenter, {kEcho, 1});
    if (!end || end->registers.rdi != 2) state.SkipWithError("not entered");
  }
}
BENCHMARK_CAPTURE(enter_and_exit, redirected, false);
BENCHMARK_CAPTURE(enter_and_exit, trapped, true);

}  // namespace
}  // namespace adyton::sgx

int main(int argc, char** argv) {
  return adyton::bench::run(argc, argv,
                            {{"EENTER and EEXIT, redirected", "enter_and_exit/redirected", "enter_and_exit/trapped",
                              0.2, "a fifth of what they cost trapped"}});
}
