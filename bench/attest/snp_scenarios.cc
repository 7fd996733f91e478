// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <memory>

#include "attest/evidence/evidence.h"
#include "attest/verify/verified.h"
#include "bench/attest/scenarios.h"
#include "testing/fake_amd.h"

namespace adyton::bench {
namespace {

struct Fixture {
  testing::FakeAmd amd{SnpProduct::kMilan};
  testing::FakeIdentity vcek = amd.vcek();
  Bytes report = testing::fake_snp_report({}, vcek.key);
  Bytes with_vcek = report;
  Collateral all = amd.collateral(vcek), signers = amd.collateral();
  TrustAnchors anchors = amd.anchors();
  SeenSignatures seen;

  Fixture() { append(with_vcek, vcek.certificate.der()); }
};

void expect_good(const Bytes& report, const VerifyContext& context) {
  const auto evidence = parse_evidence(report);
  if (!evidence || verify(*evidence, context).answer() != Answer::kGenuine) std::abort();
}

}  // namespace

std::vector<Verification> snp_verifications() {
  const auto made = std::make_shared<Fixture>();
  const auto with = [made](const Bytes& report, const Collateral& collateral, SeenSignatures& seen) {
    expect_good(report, {collateral, made->anchors, testing::kFakeNow, &seen});
  };
  const auto cached = [=] { with(made->report, made->all, made->seen); };
  const auto with_vcek = [=] { with(made->with_vcek, made->signers, made->seen); };
  cached();
  const auto nothing = [=] {
    Collateral signers;
    for (const Certificate& one : made->signers.certificates()) {
      if (!signers.add("certificate.der", one.der())) std::abort();
    }
    SeenSignatures seen;
    with(made->with_vcek, signers, seen);
  };
  return {{"VerifySnpSeen", "SEV-SNP report, chain seen", 1.2, cached},
          {"VerifySnpWithVcek", "SEV-SNP report with its VCEK, which is parsed", 1.2, with_vcek},
          {"VerifySnpNothing", "SEV-SNP report, nothing cached, nothing parsed", 1.5, nothing}};
}

}  // namespace adyton::bench
