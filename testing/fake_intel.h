// SPDX-License-Identifier: Apache-2.0
// A platform of Intel's that never was: its root, PCK certificate, TCB info, QE identity and quotes, right ones and
// ones with anything wrong.
//
//   FakeIntel intel;                                  // an up-to-date platform
//   intel.platform.components[0] = 1;                 // (before anything else is made of it)
//   Bytes quote = intel.quote({.tdx = true});
//   Collateral collateral = intel.collateral({.tdx = true});
//   VerifyContext context{collateral, intel.anchors(), kFakeNow};
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "attest/collateral/intel_tcb.h"
#include "attest/evidence/quote_signature.h"
#include "attest/verify/trust_anchors.h"
#include "testing/fake_pki.h"

namespace adyton::testing {

struct FakeQuoteOptions {
  unsigned version = 3;  // 4 at least for TDX
  bool tdx = false;
  bool td_report_15 = false;  // version 5 only
  CertificationType certification = CertificationType::kPckChain;
  // Each before what it belongs to is signed.
  std::function<void(std::span<std::byte> header)> header;
  std::function<void(std::span<std::byte> report)> report;  // SGX report or TD report
  std::function<void(std::span<std::byte> qe_report)> qe_report;
  std::function<void(Bytes& signature)> signature;  // the signature data when all is made
  std::optional<FakeIdentity> pck;                  // another PCK certificate than the platform's
  std::optional<SigningKey> attestation_key;        // signs the quote; the QE vouches for the usual one
};

struct FakeCollateralOptions {
  bool tdx = false;
  bool lists = true, tcb_info = true, identity = true, signer = true;
  std::vector<FakeRevoked> revoked_pcks, revoked_by_root;
  FakeListOptions list_options;
  std::function<void(TcbInfo&)> info;
  std::function<void(EnclaveIdentity&)> qe;
};

class FakeIntel {
 public:
  explicit FakeIntel(unsigned first_key = 20);  // another number: another Intel, with other keys

  PckExtensions platform;  // what the PCK certificate will say
  Svns tee_tcb_svn;        // what TD reports will say
  FakeCa root, pck_ca, processor_ca;
  FakeIdentity tcb_signer;

  [[nodiscard]] TrustAnchors anchors() const;

  // The PCK certificate of `platform`; made at the first call. `issue` makes others.
  const FakeIdentity& pck();
  FakeIdentity issue_pck(FakeOptions options = {});
  Bytes quote(const FakeQuoteOptions& options = {});

  // What makes this platform kUpToDate: to be changed before it is signed.
  [[nodiscard]] TcbInfo tcb_info(bool tdx) const;
  [[nodiscard]] EnclaveIdentity identity(bool tdx) const;
  // Intel's answers: {"tcbInfo": ..., "signature": ...}.
  [[nodiscard]] std::string answer(const TcbInfo& info, const SigningKey* signer = nullptr) const;
  [[nodiscard]] std::string answer(const EnclaveIdentity& identity, const SigningKey* signer = nullptr) const;

  [[nodiscard]] Collateral collateral(const FakeCollateralOptions& options = {}) const;

 private:
  unsigned first_key_;
  SigningKey attestation_key_;
  std::optional<FakeIdentity> pck_;
};

using adyton::encode_pck_extensions;

}  // namespace adyton::testing
