// SPDX-License-Identifier: Apache-2.0
// The device CA of examples/device_ca: certificates from a real enclave with its state and audit log on a disk, each
// beside one ECDSA signature and one verification, which is what a certificate cannot do without.
#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include "bench/compare.h"
#include "bench/enrolment.h"

namespace {

// What `openssl speed ecdsap256` does: with key and contexts at hand, on a digest.
void OpensslSignVerify(benchmark::State& state) {
  EVP_PKEY* key = device_ca::testing::make_test_key("P-256");
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

void CertificateOneJob(benchmark::State& state) { adyton::bench::enrol(state, 1, "auto"); }
void CertificateTwoJobs(benchmark::State& state) { adyton::bench::enrol(state, 2, "auto"); }

BENCHMARK(OpensslSignVerify)->Unit(benchmark::kMicrosecond);
BENCHMARK(CertificateOneJob)->Unit(benchmark::kMicrosecond)->UseManualTime()->Iterations(adyton::bench::kBatches);
BENCHMARK(CertificateTwoJobs)->Unit(benchmark::kMicrosecond)->UseManualTime()->Iterations(adyton::bench::kBatches);

}  // namespace

int main(int argc, char** argv) {
  constexpr double kAtMost = 1 / 0.6;
  return adyton::bench::run(
      argc, argv,
      {{"a certificate, one call at a time", "CertificateOneJob", "OpensslSignVerify", kAtMost,
        "60 % of openssl's sign+verify rate"},
       {"a certificate, two calls at a time", "CertificateTwoJobs", "OpensslSignVerify", kAtMost, "the same"}});
}
