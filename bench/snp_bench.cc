// SPDX-License-Identifier: Apache-2.0
// What a SEV-SNP report costs to parse, and to verify when its chain was seen before, beside one bare P-384
// verification.
#include <benchmark/benchmark.h>

#include "attest/verify/snp.h"
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

void parse_report(benchmark::State& state) {
  const Bytes& report = fixture().report;
  for (auto _ : state) benchmark::DoNotOptimize(parse_snp_report(report));
}
BENCHMARK(parse_report);

void bare_p384(benchmark::State& state) {
  const SnpReport report = parse_snp_report(fixture().report).value();
  const auto signature = report.signature();
  for (auto _ : state) {
    benchmark::DoNotOptimize(fixture().vcek.certificate.key().verify(SignatureAlgorithm::kEcdsaSha384,
                                                                     report.signed_part(), signature, EcdsaForm::kRaw));
  }
}
BENCHMARK(bare_p384);

void verify_report(benchmark::State& state) {
  SeenSignatures seen;
  const VerifyContext context{fixture().collateral, fixture().anchors, testing::kFakeNow, &seen};
  for (auto _ : state) {
    const auto evidence = parse_snp_evidence(fixture().report);
    benchmark::DoNotOptimize(verify_snp(*evidence, context));
  }
}
BENCHMARK(verify_report);

// As a guest sends it: with its VCEK, which is read each time.
void verify_report_with_certificate(benchmark::State& state) {
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
BENCHMARK(verify_report_with_certificate);

}  // namespace
