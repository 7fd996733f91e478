// SPDX-License-Identifier: Apache-2.0
// What it costs to measure an SGX plan, beside SHA-256 of as many bytes as EADD and EEXTEND feed it.
#include <benchmark/benchmark.h>

#include "bench/compare.h"
#include "crypto/crypto.h"
#include "image/sgx/sgx_plan.h"

namespace {

using namespace adyton;

constexpr std::uint64_t kPages = (64 << 20) / 4096;
// ECREATE's record; of each page EADD's, and with each 256 bytes EEXTEND's.
constexpr std::size_t kFedBytes = 64 + kPages * (64 + 16 * (64 + 256));

SgxPlan plan_of(bool extended) {
  SgxPlan plan;
  plan.size = 128 << 20;
  SgxPages pages{.count = kPages, .readable = true, .writable = true, .extended = extended};
  if (extended) pages.content = plan.storage.emplace_back(kPages * 4096, std::byte{0x5a});
  plan.pages.push_back(pages);
  return plan;
}

void MeasurePlan(benchmark::State& state) {
  const SgxPlan plan = plan_of(true);
  for (auto _ : state) benchmark::DoNotOptimize(measure_sgx_plan(plan));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kFedBytes));
}
BENCHMARK(MeasurePlan)->Unit(benchmark::kMillisecond);

void BareSha256(benchmark::State& state) {
  const Bytes bytes(kFedBytes, std::byte{0x5a});
  for (auto _ : state) benchmark::DoNotOptimize(sha256(bytes));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kFedBytes));
}
BENCHMARK(BareSha256)->Unit(benchmark::kMillisecond);

void MeasureHeap(benchmark::State& state) {
  const SgxPlan plan = plan_of(false);
  for (auto _ : state) benchmark::DoNotOptimize(measure_sgx_plan(plan));
}
BENCHMARK(MeasureHeap)->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
  constexpr double kShare = 0.7, kHeapMicroseconds = 5000;
  return adyton::bench::run(
      argc, argv,
      {{"measuring a 64 MiB plan", "MeasurePlan", "BareSha256", 1 / kShare, "70 % of SHA-256 speed for the bytes fed"},
       {"measuring 64 MiB of heap", "MeasureHeap", "", kHeapMicroseconds, "its EADD records only: 5 ms"}});
}
