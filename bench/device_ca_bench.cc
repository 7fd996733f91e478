// SPDX-License-Identifier: Apache-2.0
// The device CA of examples/device_ca: certificates from a real enclave with its state and audit log on a disk, each
// beside one ECDSA signature and one verification, which is what a certificate cannot do without.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>

#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <adyton/host.h>
#include "audit_log.h"
#include "bench/compare.h"
#include "device_ca_calls.h"
#include "testing.h"

namespace {

using namespace device_ca;

constexpr std::size_t kBatch = 1024;
constexpr int kBatches = 4;  // of each job, in each repetition

// What `openssl speed ecdsap256` does: with key and contexts at hand, on a digest.
void OpensslSignVerify(benchmark::State& state) {
  EVP_PKEY* key = testing::make_test_key("P-256");
  EVP_PKEY_CTX* sign = EVP_PKEY_CTX_new(key, nullptr);
  EVP_PKEY_CTX* verify = EVP_PKEY_CTX_new(key, nullptr);
  EVP_PKEY_sign_init(sign);
  EVP_PKEY_verify_init(verify);
  for (auto _ : state) {
    const unsigned char digest[32] = {1};
    unsigned char signature[80];
    std::size_t size = sizeof signature;
    if (EVP_PKEY_sign(sign, signature, &size, digest, sizeof digest) != 1 ||
        EVP_PKEY_verify(verify, signature, size, digest, sizeof digest) != 1) {
      state.SkipWithError("openssl failed");
    }
  }
  EVP_PKEY_CTX_free(sign);
  EVP_PKEY_CTX_free(verify);
  EVP_PKEY_free(key);
}

std::vector<Request> make_batch() {
  static int number = 0;
  std::vector<Request> out;
  for (std::size_t i = 0; i < kBatch; ++i) {
    const std::string name = "device-" + std::to_string(number++);
    out.push_back({name + ".csr", testing::make_request({.subject = "/O=Fleet/CN=" + name})});
  }
  return out;
}

// Time per certificate, with `jobs` calls at the same time.
void enrol(benchmark::State& state, int jobs) {
  const testing::TemporaryFolder folder;
  AuditLog log;
  const auto opened = log.open(folder.path("audit.jsonl"));
  adyton::LaunchOptions options;
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
void CertificateOneJob(benchmark::State& state) { enrol(state, 1); }
void CertificateTwoJobs(benchmark::State& state) { enrol(state, 2); }

BENCHMARK(OpensslSignVerify)->Unit(benchmark::kMicrosecond);
BENCHMARK(CertificateOneJob)->Unit(benchmark::kMicrosecond)->UseManualTime()->Iterations(kBatches);
BENCHMARK(CertificateTwoJobs)->Unit(benchmark::kMicrosecond)->UseManualTime()->Iterations(kBatches);

}  // namespace

int main(int argc, char** argv) {
  constexpr double kAtMost = 1 / 0.6;
  return adyton::bench::run(
      argc, argv,
      {{"a certificate, one call at a time", "CertificateOneJob", "OpensslSignVerify", kAtMost,
        "60 % of openssl's sign+verify rate"},
       {"a certificate, two calls at a time", "CertificateTwoJobs", "OpensslSignVerify", kAtMost, "the same"}});
}
