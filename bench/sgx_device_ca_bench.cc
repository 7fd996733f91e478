// SPDX-License-Identifier: Apache-2.0
// The device CA on sgx-emulated beside process: the same image, the same requests.
#include "bench/compare.h"
#include "bench/enrolment.h"

namespace {

void CertificateProcess(benchmark::State& state) { adyton::bench::enrol(state, 1, "process"); }
void CertificateSgx(benchmark::State& state) { adyton::bench::enrol(state, 1, "sgx-emulated"); }

BENCHMARK(CertificateProcess)->Unit(benchmark::kMicrosecond)->UseManualTime()->Iterations(adyton::bench::kBatches);
BENCHMARK(CertificateSgx)->Unit(benchmark::kMicrosecond)->UseManualTime()->Iterations(adyton::bench::kBatches);

}  // namespace

int main(int argc, char** argv) {
  constexpr double kShare = 0.8;
  return adyton::bench::run(argc, argv,
                            {{"a certificate, sgx-emulated", "CertificateSgx", "CertificateProcess", 1 / kShare,
                              "at least 80 % of process"}});
}
