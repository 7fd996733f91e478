// SPDX-License-Identifier: Apache-2.0
// The back-end sgx-emulated beside process, and programs on the keep kernel beside the same programs on Linux.
#include <charconv>
#include <filesystem>
#include <optional>

#include <benchmark/benchmark.h>

#include <adyton/host.h>
#include "bench/call_bench_calls.h"
#include "bench/compare.h"
#include "image/image.h"
#include "platform/backends.h"

namespace {

std::filesystem::path file(std::string_view name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

std::optional<adyton::Enclave> launch(benchmark::State& state, std::string backend) {
  auto enclave = adyton::Enclave::launch(file("call.enclave"), {.backend = std::move(backend)});
  if (enclave) return std::move(*enclave);
  state.SkipWithError(enclave.error().message.c_str());
  return std::nullopt;
}

void empty_call(benchmark::State& state, std::string backend) {
  auto enclave = launch(state, std::move(backend));
  if (!enclave) return;
  for (int i = 0; i < 1000; ++i) static_cast<void>(enclave->call(nothing));
  for (auto _ : state) {
    if (!enclave->call(nothing)) state.SkipWithError("a call failed");
  }
}
void EmptyCallProcess(benchmark::State& state) { empty_call(state, "process"); }
void EmptyCallSgx(benchmark::State& state) { empty_call(state, "sgx-emulated"); }

void LaunchSgx(benchmark::State& state) {
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    auto enclave = launch(state, "sgx-emulated");
    if (!enclave || !enclave->call(nothing)) state.SkipWithError("a call failed");
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
}

// The microseconds that `work` says in its one line of output.
std::optional<double> microseconds_in(std::string_view output) {
  double out = 0;
  const auto [end, error] = std::from_chars(output.data(), output.data() + output.size(), out);
  if (error != std::errc()) return std::nullopt;
  return out;
}

std::optional<double> on_linux(const std::string& job) {
  FILE* pipe = ::popen((file("work.elf").string() + " " + job).c_str(), "r");
  std::array<char, 256> line{};
  const bool read = std::fgets(line.data(), line.size(), pipe) != nullptr;
  return ::pclose(pipe) == 0 && read ? microseconds_in(line.data()) : std::nullopt;
}

std::optional<double> on_keep_by(std::string_view program, const std::string& job) {
  auto image = adyton::Image::load(file(program));
  if (!image) return std::nullopt;
  std::string output;
  adyton::LaunchConfig config{.arguments = {job}};
  config.output = [&](adyton::StandardStream, std::string_view line) { output = line; };
  const auto verified = adyton::verify_image(*std::move(image));
  if (!verified) return std::nullopt;
  auto chosen = adyton::choose_backend("sgx-emulated", *verified);
  if (!chosen) return std::nullopt;
  auto instance = chosen->backend->launch(*verified, std::move(config));
  if (!instance) return std::nullopt;
  const auto end = (*instance)->wait({});
  return end && !end->signalled && end->status == 0 ? microseconds_in(output) : std::nullopt;
}

std::optional<double> on_keep(const std::string& job) { return on_keep_by("work.enclave", job); }
std::optional<double> on_keep_with_arenas(const std::string& job) { return on_keep_by("work_arenas.enclave", job); }

void work(benchmark::State& state, std::optional<double> (*run)(const std::string&), const std::string& job) {
  for (auto _ : state) {
    const auto time = run(job);
    if (!time) state.SkipWithError("the program failed");
    state.SetIterationTime(time.value_or(0) / 1e6);
  }
}
void MallocLinux(benchmark::State& state) { work(state, on_linux, "malloc"); }
void MallocKeep(benchmark::State& state) { work(state, on_keep, "malloc"); }
void MallocThreadsLinux(benchmark::State& state) { work(state, on_linux, "malloc-threads"); }
void MallocThreadsKeep(benchmark::State& state) { work(state, on_keep_with_arenas, "malloc-threads"); }
void MallocThreadsKeepOneArena(benchmark::State& state) { work(state, on_keep, "malloc-threads"); }
void ThreadsLinux(benchmark::State& state) { work(state, on_linux, "threads"); }
void ThreadsKeep(benchmark::State& state) { work(state, on_keep, "threads"); }

BENCHMARK(EmptyCallProcess)->UseRealTime();
BENCHMARK(EmptyCallSgx)->UseRealTime();
BENCHMARK(LaunchSgx)->UseManualTime()->Iterations(5);
BENCHMARK(MallocLinux)->UseManualTime()->Iterations(3);
BENCHMARK(MallocKeep)->UseManualTime()->Iterations(3);
BENCHMARK(MallocThreadsLinux)->UseManualTime()->Iterations(3);
BENCHMARK(MallocThreadsKeep)->UseManualTime()->Iterations(3);
BENCHMARK(MallocThreadsKeepOneArena)->UseManualTime()->Iterations(3);
BENCHMARK(ThreadsLinux)->UseManualTime()->Iterations(3);
BENCHMARK(ThreadsKeep)->UseManualTime()->Iterations(3);

}  // namespace

int main(int argc, char** argv) {
  constexpr double kShare = 0.85;
  return adyton::bench::run(
      argc, argv,
      {{"empty call, sgx-emulated", "EmptyCallSgx", "EmptyCallProcess", 3.0, "at most 3x process awake"},
       {"empty call, sgx-emulated", "EmptyCallSgx", "", 2.0, "under 2 us"},
       {"launch, 64 MiB heap", "LaunchSgx", "", 150'000, "under 150 ms to the first reply"},
       {"malloc-heavy program", "MallocKeep", "MallocLinux", 1 / kShare, "at least 85 % of native"},
       {"on four threads, malloc_arenas = 4", "MallocThreadsKeep", "MallocThreadsLinux", 1 / kShare, "the same"},
       {"on four threads, as by default", "MallocThreadsKeepOneArena", "MallocThreadsLinux", 1 / kShare, "the same"},
       {"thread-heavy program", "ThreadsKeep", "ThreadsLinux", 1 / kShare, "at least 85 % of native"}});
}
