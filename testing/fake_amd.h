// SPDX-License-Identifier: Apache-2.0
// A stand-in for AMD's key service and secure processor: roots, signers, VCEK and VLEK certificates, and signed SEV-SNP
// reports of every version, right ones and ones with any single thing wrong.
//
//   FakeAmd amd(SnpProduct::kMilan);
//   FakeIdentity vcek = amd.vcek({});
//   Bytes report = fake_snp_report({.report_data = nonce}, vcek.key);
//   Findings findings = verify_snp(parse_snp_evidence(report).value(), {amd.collateral(vcek), amd.anchors(),
//   kFakeNow});
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "attest/collateral/collateral.h"
#include "attest/evidence/snp_report.h"
#include "attest/verify/trust_anchors.h"
#include "testing/fake_pki.h"

namespace adyton::testing {

// The chip that fake certificates and reports are of, unless told otherwise: 64 bytes, for Turin 8 and zeros.
Bytes fake_chip_id(SnpProduct product);
// A TCB_VERSION of a product: boot loader 4, TEE 0, SNP 24, microcode 219; for Turin also FMC 1.
SnpTcb fake_snp_tcb(SnpProduct product);

struct FakeLeafOptions {
  std::optional<SnpTcb> tcb;
  std::optional<Bytes> chip_id;               // as in the report
  std::optional<std::string> product_name;    // "Milan-B0"
  std::string csp_id = "CN=fake.example";     // VLEK
  std::optional<std::uint8_t> without_level;  // leave out 1.3.6.1.4.1.3704.1.3.n
  FakeOptions certificate;                    // its key type stays P-384
};

class FakeAmd {
 public:
  explicit FakeAmd(SnpProduct product);

  FakeIdentity vcek(FakeLeafOptions options = {});
  FakeIdentity vlek(FakeLeafOptions options = {});
  // The roots as trusted, and the signers with the given leaf as collateral.
  [[nodiscard]] TrustAnchors anchors() const;
  [[nodiscard]] Collateral collateral(const FakeIdentity& leaf) const;
  [[nodiscard]] Collateral collateral() const;  // without a leaf

  SnpProduct product;
  FakeCa ark, ask, asvk;
};

// Unset is what a guest of the fake chip would get.
struct FakeSnpReport {
  std::uint32_t version = 3;
  SnpProduct product = SnpProduct::kMilan;
  std::uint32_t guest_svn = 0, vmpl = 0;
  std::uint64_t policy = 0x30000;  // SMT, ABI 0.0
  std::uint64_t platform_info = 0x25;
  std::uint32_t flags = 0;                                                      // 48h; 4: signed by a VLEK
  Bytes report_data, measurement, host_data, id_key_digest, author_key_digest;  // shorter ones are filled up with zeros
  std::optional<Bytes> chip_id;
  std::optional<SnpTcb> reported_tcb, current_tcb, committed_tcb;
  std::function<void(Bytes& report)> alter;         // before it is signed
  std::function<void(Bytes& report)> alter_signed;  // after
};

Bytes fake_snp_report(const FakeSnpReport& fields, const SigningKey& key);

}  // namespace adyton::testing
