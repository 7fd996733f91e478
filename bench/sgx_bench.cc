// SPDX-License-Identifier: Apache-2.0
// What it costs to measure an SGX plan, beside SHA-256 of as many bytes as EADD and EEXTEND feed it; to find the system
// calls that lead straight into the keep kernel; and what one of these, and a cpuid, costs in the emulator, beside the
// same program's on Linux.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "bench/compare.h"
#include "crypto/crypto.h"
#include "crypto/test_sgx_key.h"
#include "image/build.h"
#include "image/sgx/sgx_sign.h"
#include "platform/sgx/host_requests.h"
#include "platform/sgx/keep_program.h"
#include "platform/sgx_emulator/emulator.h"

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

// Of tests/keep/programs system_calls.c tells what one of its calls of getpid() takes, cpuid.c what one cpuid does.
constexpr std::string_view kSystemCalls = "system_calls", kCpuid = "cpuid";
std::string path_of(std::string_view program) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / fmt::format("keep_program_{}", program);
}
constexpr std::string_view kRounds = "1000000", kFewRounds = "20000";  // few: outside a cpuid leaves a virtual machine

Image image_of(std::string_view program) {
  std::ifstream file(path_of(program), std::ios::binary);
  const std::string elf(std::istreambuf_iterator<char>(file), {});
  Manifest manifest{.name = std::string(program)};
  manifest.memory.heap_bytes = 16 << 20;
  return Image::parse(attach_manifest(as_bytes(std::string_view(elf)), manifest).value()).value();
}

// A number of nanoseconds that the program printed.
void set_time(benchmark::State& state, const std::string& printed) {
  const double nanoseconds = std::strtod(printed.c_str(), nullptr);
  if (nanoseconds <= 0) state.SkipWithError("the program printed no time");
  constexpr double kBillion = 1e9;
  state.SetIterationTime(nanoseconds / kBillion);
}

void Inside(benchmark::State& state, std::string_view program) {
  const Image kept = Image::parse(attach_keep(image_of(program), keep_program()).value()).value();
  const PrivateKey key = PrivateKey::parse_pem(kTestSgxKey).value();
  const Image image = Image::parse(sign_for_sgx(kept, key, 0x20261122).value()).value();
  const SignedSgxPlan enclave = verify_sgx_signature(image).value();
  for (auto _ : state) {
    const auto device = make_sgx_emulator(SgxFuses::make().value(), {}).value();
    const auto loaded = load_sgx_enclave(*device, enclave.plan, enclave.sigstruct).value();
    const int output = memfd_create("output", MFD_CLOEXEC);
    const auto end =
        run_keep(*loaded, enclave.plan.tcs_offsets,
                 {.arguments = {std::string(program), "time", std::string(kRounds)}, .streams = {.output = output}});
    std::array<char, 64> printed{};
    if (!end || end->status != 0 || pread(output, printed.data(), printed.size() - 1, 0) <= 0) {
      state.SkipWithError("the program did not run to its end");
    }
    close(output);
    set_time(state, printed.data());
  }
}
BENCHMARK_CAPTURE(Inside, SystemCall, kSystemCalls)->UseManualTime()->Iterations(1);
BENCHMARK_CAPTURE(Inside, Cpuid, kCpuid)->UseManualTime()->Iterations(1);

void OnLinux(benchmark::State& state, std::string_view program) {
  const std::string_view rounds = program == kCpuid ? kFewRounds : kRounds;
  for (auto _ : state) {
    FILE* pipe = popen(fmt::format("{} time {}", path_of(program), rounds).c_str(), "r");
    std::array<char, 64> printed{};
    if (fgets(printed.data(), printed.size(), pipe) == nullptr) state.SkipWithError("the program did not run");
    pclose(pipe);
    set_time(state, printed.data());
  }
}
BENCHMARK_CAPTURE(OnLinux, SystemCall, kSystemCalls)->UseManualTime()->Iterations(1);
BENCHMARK_CAPTURE(OnLinux, Cpuid, kCpuid)->UseManualTime()->Iterations(1);

}  // namespace

int main(int argc, char** argv) {
  constexpr double kShare = 0.7, kHeapMicroseconds = 5000, kCallMicroseconds = 0.060;
  return adyton::bench::run(
      argc, argv,
      {{"measuring a 64 MiB plan", "MeasurePlan", "BareSha256", 1 / kShare, "70 % of SHA-256 speed for the bytes fed"},
       {"measuring 64 MiB of heap", "MeasureHeap", "", kHeapMicroseconds, "its EADD records only: 5 ms"},
       {"a system call answered inside (rewritten site)", "Inside/SystemCall", "", kCallMicroseconds, "60 ns"},
       {"a system call answered inside (rewritten site)", "Inside/SystemCall", "OnLinux/SystemCall", 1,
        "a native getpid"},
       {"a cpuid answered inside (rewritten site)", "Inside/Cpuid", "OnLinux/Cpuid", 1, "a native cpuid"}});
}
