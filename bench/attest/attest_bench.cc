// SPDX-License-Identifier: Apache-2.0
// Verifying evidence beside the signature verifications that it takes: the rest (chains, collateral, TCB, what is told)
// is to cost little. What is compared with is what OpenSSL was really asked for in the measured run.
#include <pthread.h>
#include <sched.h>

#include <algorithm>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "attest/evidence/evidence.h"
#include "bench/attest/allocations.h"
#include "bench/attest/scenarios.h"
#include "bench/attest/signatures.h"
#include "bench/compare.h"

namespace {

using namespace adyton;
using namespace adyton::bench;

constexpr double kParseMicroseconds = 2, kTwoThreads = 1 / 1.8;
constexpr double kNoGrowth = 1.05;  // messages differ by the digits in them

void run_verification(benchmark::State& state, const Verification& work, std::size_t expected) {
  const std::size_t before = verifications_so_far();
  for (auto _ : state) work.once();
  const std::size_t computed = verifications_so_far() - before;
  if (computed != expected * static_cast<std::size_t>(state.iterations())) {
    state.SkipWithError("it did not compute the signatures it is compared with");
  }
}

void run_bare(benchmark::State& state, const BareVerifications& bare) {
  for (auto _ : state) {
    if (!bare.run()) state.SkipWithError("openssl failed");
  }
}

auto* add(const std::string& name, auto function) {
  return benchmark::RegisterBenchmark(name.c_str(), function)->Unit(benchmark::kMicrosecond)->UseRealTime();
}

void add_verification(const Verification& work, std::vector<Promise>& promises) {
  const auto bare = std::make_shared<BareVerifications>(BareVerifications::of(work.once));
  const std::string name = work.name + "Bare";
  add(work.name, [=](benchmark::State& state) {
    state.SetLabel(kProcessorTime);
    run_verification(state, work, bare->count());
  });
  add(name, [=](benchmark::State& state) {
    state.SetLabel(kProcessorTime);
    run_bare(state, *bare);
  });
  promises.push_back(
      {work.what, work.name, name, work.at_most, fmt::format("{} times {}", work.at_most, bare->text())});
}

// The thread with this number on a processor of its own, as far as there are enough.
void pin(int thread) {
  cpu_set_t allowed, mine;
  CPU_ZERO(&mine);
  if (::pthread_getaffinity_np(::pthread_self(), sizeof allowed, &allowed) != 0) return;
  int left = thread % CPU_COUNT(&allowed);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed) && left-- == 0) CPU_SET(cpu, &mine);
  }
  ::pthread_setaffinity_np(::pthread_self(), sizeof mine, &mine);
}

// Two threads with one context, beside one; and beside that, what two threads with nothing in common get here.
void add_threads(const Verification& work, std::vector<Promise>& promises) {
  const auto bare = std::make_shared<BareVerifications>(BareVerifications::of(work.once));
  const auto run = [=](benchmark::State& state) {
    cpu_set_t before;
    ::pthread_getaffinity_np(::pthread_self(), sizeof before, &before);
    pin(state.thread_index());
    run_verification(state, work, bare->count());
    ::pthread_setaffinity_np(::pthread_self(), sizeof before, &before);
  };
  const auto run_alone = [=](benchmark::State& state) {
    cpu_set_t before;
    ::pthread_getaffinity_np(::pthread_self(), sizeof before, &before);
    pin(state.thread_index());
    run_bare(state, bare->copy());
    ::pthread_setaffinity_np(::pthread_self(), sizeof before, &before);
  };
  add(work.name + "One", run);
  add(work.name + "Two", run)->Threads(2);
  add(work.name + "BareOne", run_alone);
  add(work.name + "BareTwo", run_alone)->Threads(2);
  const std::string note = "of one thread's time";
  promises.push_back({"two threads: " + work.what, work.name + "Two", work.name + "One", kTwoThreads, note});
  promises.push_back(
      {"for scale: bare verifications alone", work.name + "BareTwo", work.name + "BareOne", kTwoThreads, note});
}

// The most that parsing any of these allocates.
void run_hostile(benchmark::State& state, const std::vector<Bytes>& hostile) {
  std::size_t next = 0, most = 0;
  for (auto _ : state) {
    const std::size_t before = allocated_so_far();
    if (parse_evidence(hostile[next])) state.SkipWithError("hostile evidence is taken");
    most = std::max(most, allocated_so_far() - before);
    next = (next + 1) % hostile.size();
  }
  state.counters["allocated"] = static_cast<double>(most);
}

void add_parsing(const Parsing& parsing, std::vector<Promise>& promises) {
  const std::string slightly = parsing.name + "Slightly", grossly = parsing.name + "Grossly";
  add(parsing.name, [=](benchmark::State& state) {
    state.SetLabel(kProcessorTime);
    for (auto _ : state) {
      const auto evidence = parse_evidence(parsing.good);
      if (!evidence) state.SkipWithError("good evidence is refused");
    }
  });
  add(slightly, [=](benchmark::State& state) { run_hostile(state, parsing.slightly); });
  add(grossly, [=](benchmark::State& state) { run_hostile(state, parsing.grossly); });
  promises.push_back({"parse: " + parsing.what, parsing.name, "", kParseMicroseconds, "2 us"});
  promises.push_back({"  bytes allocated, lengths of up to 4 GiB", grossly + "#allocated", slightly + "#allocated",
                      kNoGrowth, "as for lengths one too long"});
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Promise> promises;
  const std::vector<Verification> intel = intel_verifications();
  for (const Verification& work : intel) add_verification(work, promises);
  for (const Verification& work : snp_verifications()) add_verification(work, promises);
  for (const Parsing& parsing : parsings()) add_parsing(parsing, promises);
  add_threads(intel.front(), promises);
  return bench::run(argc, argv, promises);
}
