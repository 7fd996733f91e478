// SPDX-License-Identifier: Apache-2.0
// Certificates from the device CA of examples/device_ca, in a real enclave with its state and audit log on a disk.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include <adyton/host.h>
#include "audit_log.h"
#include "device_ca_calls.h"
#include "testing.h"

namespace adyton::bench {

using namespace device_ca;

inline constexpr std::size_t kBatch = 1024;
inline constexpr int kBatches = 4;  // of each job, in each repetition

inline std::vector<Request> make_batch() {
  static int number = 0;
  std::vector<Request> out;
  for (std::size_t i = 0; i < kBatch; ++i) {
    const std::string name = "device-" + std::to_string(number++);
    out.push_back({name + ".csr", testing::make_request({.subject = "/O=Fleet/CN=" + name})});
  }
  return out;
}

// Time per certificate, with `jobs` calls at the same time.
inline void enrol(benchmark::State& state, int jobs, const std::string& backend) {
  const testing::TemporaryFolder folder;
  AuditLog log;
  const auto opened = log.open(folder.path("audit.jsonl"));
  adyton::LaunchOptions options;
  options.backend = backend;
  options.storage = folder.path("sealed");
  options.host_calls.add(calls::audit, [&](const std::vector<std::string>& lines) { return log.append(lines); });
  const auto image = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "device_ca.enclave";
  auto enclave = adyton::Enclave::launch(image, std::move(options));
  if (!enclave || !opened) {
    state.SkipWithError((enclave ? opened.error() : enclave.error()).message.c_str());
    return;
  }
  const auto enrol_batch = [&](const std::vector<Request>& batch) {
    const auto outcomes = enclave->call(calls::enrol, batch, std::uint32_t{365});
    return outcomes && std::ranges::all_of(*outcomes, [](const auto& outcome) { return outcome.index() == 0; });
  };
  if (!enrol_batch(make_batch())) state.SkipWithError("a request was refused");
  for (auto _ : state) {
    std::vector<std::vector<Request>> batches;
    for (int i = 0; i < jobs; ++i) batches.push_back(make_batch());
    std::atomic<bool> good = true;
    const auto start = std::chrono::steady_clock::now();
    {
      std::vector<std::jthread> threads;
      for (const auto& batch : batches) threads.emplace_back([&] { good = enrol_batch(batch) && good; });
    }
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    state.SetIterationTime(time.count() / static_cast<double>(kBatch * static_cast<std::size_t>(jobs)));
    if (!good) state.SkipWithError("a request was refused");
  }
}
}  // namespace adyton::bench
