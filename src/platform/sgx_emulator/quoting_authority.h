// SPDX-License-Identifier: Apache-2.0
// Who vouches for emulated SGX processors as Intel vouches for its own: a root of this machine's user, and below it a
// PCK CA, a signer of TCB infos, and the keys of the quoting enclave. Kept in a file beside the development root and
// the fuses: who can read it can forge every quote of this machine's emulator.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <adyton/result.h>
#include <adyton/secret.h>
#include "attest/collateral/bundle.h"
#include "attest/collateral/intel_tcb.h"
#include "crypto/keys.h"
#include "crypto/x509.h"

namespace adyton::sgx {

// Thread-safe.
class QuotingAuthority {
 public:
  // The name of the root's certificate (PEM) in the folder, for verifiers.
  static constexpr std::string_view kRootFileName = "sgx-emulated-root.pem";

  // The authority kept in `folder` (DevelopmentRoot::default_folder()), made with it on first use. `now`: seconds since
  // 1970. Errors: denied, when somebody else could have read or written the file; invalid, when it is damaged; expired,
  // when its root is no longer valid; io.
  static Result<QuotingAuthority> open(const std::filesystem::path& folder, std::int64_t now);

  // A new one that is kept nowhere, for tests.
  static Result<QuotingAuthority> make(std::int64_t now);

  [[nodiscard]] const Certificate& root() const { return root_; }
  [[nodiscard]] const PrivateKey& pck_key() const { return pck_; }
  [[nodiscard]] const PrivateKey& attestation_key() const { return attestation_; }

  // PCK certificate of this platform, its CA's and the root's, PEM in this order: valid from `now` for years.
  Result<std::string> pck_chain(const PckExtensions& platform, std::int64_t now) const;

  // What says that the platform and its quoting enclave are up to date, and that nothing was revoked, for 30 days:
  // TCB info, QE identity, their signer's certificate and both revocation lists. `qe`: what of the identity is the
  // quoting enclave's; dates and numbers are set here.
  Result<Bundle> collateral(const PckExtensions& platform, EnclaveIdentity qe, std::int64_t now) const;

 private:
  QuotingAuthority(PrivateKey root_key, PrivateKey pck_ca, PrivateKey tcb_signer, PrivateKey pck,
                   PrivateKey attestation, Certificate root)
      : root_key_(std::move(root_key)),
        pck_ca_(std::move(pck_ca)),
        tcb_signer_(std::move(tcb_signer)),
        pck_(std::move(pck)),
        attestation_(std::move(attestation)),
        root_(std::move(root)) {}
  static Result<QuotingAuthority> parse(BytesView bytes);
  [[nodiscard]] Secret encode() const;

  PrivateKey root_key_, pck_ca_, tcb_signer_, pck_, attestation_;
  Certificate root_;
};

}  // namespace adyton::sgx
