// SPDX-License-Identifier: Apache-2.0
// Calls into a real enclave of the process back-end, each beside the barest thing that could do the same.
#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include <benchmark/benchmark.h>

#include <adyton/host.h>
#include "bench/call_bench_calls.h"
#include "bench/compare.h"
#include "bench/round_trips.h"

namespace {

using namespace std::chrono_literals;

std::filesystem::path image() { return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "call.enclave"; }

// Launched anew for each run of a benchmark, so that no enclave's threads disturb another's.
adyton::Enclave launch(std::chrono::microseconds spin = 50us) {
  auto enclave = adyton::Enclave::launch(image(), {.spin = spin});
  if (!enclave) {
    std::fprintf(stderr, "%s\n", enclave.error().message.c_str());
    std::exit(1);
  }
  return std::move(*enclave);
}

void round_trip(benchmark::State& state, std::unique_ptr<adyton::bench::RoundTrip> trip) {
  for (int i = 0; i < 1000; ++i) trip->go();
  for (auto _ : state) trip->go();
}
void SpinRoundTrip(benchmark::State& state) { round_trip(state, adyton::bench::spinning()); }
void FutexRoundTrip(benchmark::State& state) { round_trip(state, adyton::bench::futex_one_core()); }
void SocketRoundTrip(benchmark::State& state) { round_trip(state, adyton::bench::unix_socket()); }

void empty_calls(benchmark::State& state, std::chrono::microseconds spin) {
  auto enclave = launch(spin);
  for (int i = 0; i < 1000; ++i) static_cast<void>(enclave.call(nothing));
  for (auto _ : state) {
    if (!enclave.call(nothing)) state.SkipWithError("a call failed");
  }
}
void EmptyCallAwake(benchmark::State& state) { empty_calls(state, 50us); }
void EmptyCallAsleep(benchmark::State& state) { empty_calls(state, 0us); }

constexpr std::size_t kMiB = 1u << 20;
void MemcpyTwice(benchmark::State& state) {
  adyton::Bytes a(kMiB, std::byte{1}), b(kMiB);
  for (auto _ : state) {
    std::memcpy(b.data(), a.data(), kMiB);
    benchmark::DoNotOptimize(b.data());
    benchmark::ClobberMemory();
    std::memcpy(a.data(), b.data(), kMiB);
    benchmark::DoNotOptimize(a.data());
    benchmark::ClobberMemory();
  }
}
void MegabyteInAndOut(benchmark::State& state) {
  auto enclave = launch();
  const adyton::Bytes bytes(kMiB, std::byte{1});
  for (int i = 0; i < 50; ++i) static_cast<void>(enclave.call(through, bytes));
  for (auto _ : state) {
    auto back = enclave.call(through, bytes);
    if (!back || back->size() != kMiB) state.SkipWithError("a call failed");
    benchmark::DoNotOptimize(back);
  }
}

// Threads that call back to back while they are let.
class Callers {
 public:
  static constexpr unsigned kMost = 8;

  explicit Callers(adyton::Enclave& enclave) {
    for (unsigned t = 0; t < kMost; ++t) threads_.emplace_back([this, &enclave, t] { call(enclave, t); });
  }
  ~Callers() { let(kEnd); }

  // Microseconds a call, of the first `threads` of them together, over a while in which they do nothing else.
  double measure(unsigned threads) {
    let(threads);
    std::this_thread::sleep_for(50ms);  // those that waited for their turn have had it
    const std::uint64_t before = made();
    const auto start = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(100ms);
    const std::uint64_t after = made();
    const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
    return time.count() / static_cast<double>(after - before);
  }
  [[nodiscard]] bool all_right() const { return wrong_ == 0; }

 private:
  static constexpr unsigned kEnd = ~0u;
  struct alignas(64) Count {
    std::atomic<std::uint64_t> calls = 0;
  };

  void let(unsigned threads) {
    let_ = threads;
    let_.notify_all();
  }
  [[nodiscard]] std::uint64_t made() const {
    std::uint64_t sum = 0;
    for (const Count& count : made_) sum += count.calls.load(std::memory_order_relaxed);
    return sum;
  }
  void call(adyton::Enclave& enclave, unsigned t) {
    for (std::uint64_t i = 0;;) {
      const unsigned threads = let_.load(std::memory_order_relaxed);
      if (threads == kEnd) return;
      if (t >= threads) {
        let_.wait(threads);
        continue;
      }
      const auto sum = enclave.call(add, std::uint64_t{t} << 32, i);
      if (!sum || *sum != (std::uint64_t{t} << 32) + i) ++wrong_;
      made_[t].calls.store(++i, std::memory_order_relaxed);
    }
  }

  std::atomic<unsigned> let_ = 0;
  std::atomic<std::uint64_t> wrong_ = 0;
  std::array<Count, kMost> made_;
  std::vector<std::jthread> threads_;
};

// One thread and eight in turn, in the same enclave, so that what else the machine does hits both alike. Not a time:
// the counters are microseconds a call.
void Threads(benchmark::State& state) {
  constexpr int kWindows = 8;
  auto enclave = launch();
  Callers callers(enclave);
  callers.measure(1);
  double one = 0, eight = 0;
  for (auto _ : state) {
    for (int i = 0; i < kWindows; ++i) {
      eight += callers.measure(8) / kWindows;
      one += callers.measure(1) / kWindows;
    }
    state.SetIterationTime(1e-6);
  }
  state.counters["one"] = one;
  state.counters["eight"] = eight;
  if (!callers.all_right()) state.SkipWithError("replies were lost or crossed");
}

void LaunchToFirstReply(benchmark::State& state) {
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    auto enclave = launch();
    if (!enclave.call(nothing)) state.SkipWithError("a call failed");
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
}

// Not a time: an idle enclave's resident MiB beside its secret memory, as if they were microseconds.
void IdleResidentMebibytes(benchmark::State& state) {
  for (auto _ : state) {
    auto enclave = launch();
    static_cast<void>(enclave.call(nothing));
    std::ifstream status("/proc/" + std::to_string(enclave.process_id()) + "/status");
    std::uint64_t resident_kib = 0;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmRSS:")) resident_kib = std::stoull(line.substr(6));
    }
    state.SetIterationTime(static_cast<double>(resident_kib) / 1024 / 1e6);
  }
}

BENCHMARK(SpinRoundTrip)->UseRealTime();
BENCHMARK(EmptyCallAwake)->UseRealTime();
BENCHMARK(FutexRoundTrip)->UseRealTime();
BENCHMARK(EmptyCallAsleep)->UseRealTime();
BENCHMARK(SocketRoundTrip)->UseRealTime();
BENCHMARK(MemcpyTwice)->UseRealTime();
BENCHMARK(MegabyteInAndOut)->UseRealTime();
BENCHMARK(Threads)->UseManualTime()->Iterations(1);
BENCHMARK(LaunchToFirstReply)->UseManualTime()->Iterations(20);
BENCHMARK(IdleResidentMebibytes)->UseManualTime()->Iterations(1);

}  // namespace

int main(int argc, char** argv) {
  return adyton::bench::run(
      argc, argv,
      {
          {"empty call, enclave awake", "EmptyCallAwake", "SpinRoundTrip", 2.0, "at most 2x a bare spin round trip"},
          {"empty call, enclave awake", "EmptyCallAwake", "", 0.3,
           "under 0.3 us (SDK simulations: 0.55 us switchless)"},
          {"empty call, enclave asleep", "EmptyCallAsleep", "FutexRoundTrip", 1.3,
           "at most 1.3x a bare futex round trip"},
          {"empty call, enclave asleep", "EmptyCallAsleep", "SocketRoundTrip", 1.0,
           "faster than a Unix socket round trip"},
          {"1 MiB in, 1 MiB out", "MegabyteInAndOut", "MemcpyTwice", 2.0, "at least half the speed of two memcpys"},
          {"8 threads calling, each call", "Threads#eight", "Threads#one", 1.0, "no slower in total than 1 thread"},
          {"launch to first reply", "LaunchToFirstReply", "", 25'000, "under 25 ms"},
          {"idle enclave, resident MiB", "IdleResidentMebibytes", "", 8, "under 8 MiB beside its secrets"},
      });
}
