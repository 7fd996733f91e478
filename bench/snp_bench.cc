// SPDX-License-Identifier: Apache-2.0
// What a SEV-SNP report costs to parse, and to verify when its chain was seen before, beside one bare P-384
// verification.
#include <benchmark/benchmark.h>

#include "attest/verify/snp.h"
#include "bench/compare.h"
#include "testing/fake_amd.h"

namespace {

using namespace adyton;

struct Fixture {
  testing::FakeAmd amd{SnpProduct::kMilan};
  testing::FakeIdentity vcek = amd.vcek();
  Bytes report = testing::fake_snp_report({}, vcek.key);
  Collateral collateral = amd.collateral(vcek);
  TrustAnchors anchors = amd.anchors();
};

const Fixture& fixture() {
  static const Fixture made;
  return made;
}

void ParseSnpReport(benchmark::State& state) {
  const Bytes& report = fixture().report;
  for (auto _ : state) benchmark::DoNotOptimize(parse_snp_report(report));
}
BENCHMARK(ParseSnpReport)->Unit(benchmark::kMicrosecond);

void OneP384Verification(benchmark::State& state) {
  const SnpReport report = parse_snp_report(fixture().report).value();
  const auto signature = report.signature();
  for (auto _ : state) {
    benchmark::DoNotOptimize(fixture().vcek.certificate.key().verify(SignatureAlgorithm::kEcdsaSha384,
                                                                     report.signed_part(), signature, EcdsaForm::kRaw));
  }
}
BENCHMARK(OneP384Verification)->Unit(benchmark::kMicrosecond);

void VerifySnpReport(benchmark::State& state) {
  SeenSignatures seen;
  const VerifyContext context{fixture().collateral, fixture().anchors, testing::kFakeNow, &seen};
  for (auto _ : state) {
    const auto evidence = parse_snp_evidence(fixture().report);
    benchmark::DoNotOptimize(verify_snp(*evidence, context));
  }
}
BENCHMARK(VerifySnpReport)->Unit(benchmark::kMicrosecond);

// As a guest sends it: with its VCEK, which is read each time.
void VerifySnpReportWithCertificate(benchmark::State& state) {
  SeenSignatures seen;
  const Collateral signers = fixture().amd.collateral();
  const VerifyContext context{signers, fixture().anchors, testing::kFakeNow, &seen};
  Bytes with_certificate = fixture().report;
  const BytesView der = fixture().vcek.certificate.der();
  with_certificate.insert(with_certificate.end(), der.begin(), der.end());
  for (auto _ : state) {
    const auto evidence = parse_snp_evidence(with_certificate);
    benchmark::DoNotOptimize(verify_snp(*evidence, context));
  }
}
BENCHMARK(VerifySnpReportWithCertificate)->Unit(benchmark::kMicrosecond);

}  // namespace

int main(int argc, char** argv) {
  constexpr double kAtMost = 1.2, kParseMicroseconds = 2;
  const char* const one = "1.2 times one ECDSA P-384 verification";
  return adyton::bench::run(argc, argv,
                            {{"verify a SEV-SNP report", "VerifySnpReport", "OneP384Verification", kAtMost, one},
                             {"the same, with its VCEK in the evidence", "VerifySnpReportWithCertificate",
                              "OneP384Verification", kAtMost, one},
                             {"parse a SEV-SNP report", "ParseSnpReport", "", kParseMicroseconds, "2 us"}});
}
