// SPDX-License-Identifier: Apache-2.0
// TCB infos and enclave identities: which versions of a platform's and a quoting enclave's parts Intel takes for good.
//
// Intel, "Provisioning Certification Service API", versions 3 and 4: TCB info V2 and V3, Enclave Identity V2,
// appendices A and B there. They are signed JSON; what is kept is the signed bytes exactly as they stood, and their
// contents.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/collateral/collateral.h"
#include "attest/evidence/pck_extensions.h"
#include "attest/verify/findings.h"

namespace adyton {

// A document exactly as it was signed, and its signature: ECDSA P-256 with SHA-256, r || s. Immutable; copies share it.
class SignedDocument {
 public:
  static constexpr std::size_t kSignatureBytes = 64;
  SignedDocument() = default;  // of nothing, signed by nobody
  SignedDocument(Bytes bytes, Bytes signature);
  [[nodiscard]] BytesView bytes() const;
  // Errors: untrusted.
  [[nodiscard]] Result<void> verify(const VerifyingKey& key, SeenSignatures* seen) const;

 private:
  struct Parts {
    Parts(Bytes bytes_, Bytes signature_);
    Bytes bytes, signature;
    SignedMessage message;
  };
  std::shared_ptr<const Parts> parts_;
};

// What was signed and by what; the signer is an "Intel SGX TCB Signing" certificate among the collateral.
struct IntelSigned {
  std::string name;  // of the file it came in, for messages
  SignedDocument document;
  std::int64_t issue_date = 0;  // seconds since 1970, as all dates here
  std::int64_t next_update = 0;
  std::uint64_t evaluation_number = 0;  // tcbEvaluationDataNumber
  unsigned version = 0;
};

struct TcbLevel {
  Svns sgx{};
  Svns tdx{};  // TCB infos of TDX only
  std::uint16_t pce_svn = 0;
  std::int64_t date = 0;
  TcbStatus status = TcbStatus::kNone;
  std::vector<std::string> advisories;
};

// A level of an enclave or a TDX module: statuses kUpToDate, kOutOfDate, kRevoked only.
struct IsvLevel {
  std::uint16_t isv_svn = 0;
  std::int64_t date = 0;
  TcbStatus status = TcbStatus::kNone;
  std::vector<std::string> advisories;
};

struct TdxModule {
  std::optional<std::uint8_t> version;  // of "TDX_03": 3; none: the module of TEE_TCB_SVN[1] = 0
  std::array<std::byte, 48> mr_signer{};
  std::array<std::byte, 8> attributes{}, attributes_mask{};
  std::vector<IsvLevel> levels;  // highest first
};

struct TcbInfo : IntelSigned {
  bool tdx = false;
  std::array<std::byte, 6> fmspc{};
  std::array<std::byte, 2> pce_id{};
  std::optional<TdxModule> module;         // TDX: "tdxModule"
  std::vector<TdxModule> module_versions;  // TDX: "tdxModuleIdentities"
  std::vector<TcbLevel> levels;            // highest first
};

enum class EnclaveId : std::uint8_t { kQe, kTdQe, kQve, kQae };
std::string_view name_of(EnclaveId id);  // "QE", "TD_QE", ...

struct EnclaveIdentity : IntelSigned {
  EnclaveId id = EnclaveId::kQe;
  std::array<std::byte, 4> misc_select{}, misc_select_mask{};
  std::array<std::byte, 16> attributes{}, attributes_mask{};
  std::array<std::byte, 32> mr_signer{};
  std::uint16_t isv_product_id = 0;
  std::vector<IsvLevel> levels;  // highest first
};

// The inner object of Intel's answer: `signed_json`, as it was signed, and what that parses to; `signature` is r || s.
// Nothing is verified. Errors: invalid: not JSON of that form, a version or status that is not known, more than 1 MiB.
Result<TcbInfo> parse_tcb_info(std::string_view name, const nlohmann::json& object, std::string_view signed_json,
                               BytesView signature);
Result<EnclaveIdentity> parse_enclave_identity(std::string_view name, const nlohmann::json& object,
                                               std::string_view signed_json, BytesView signature);

// Takes what JSON from Intel, its caches and its users' files can be:
//   {"tcbInfo": {...}, "signature": hex}, {"enclaveIdentity": {...}, "signature": hex}: Intel's answers;
//   QuoteCollateralV3 and its relatives: tcb_info, qe_identity, their signatures and issuer chains, pck_crl,
//   root_ca_crl, in snake_case or camelCase, objects as text or as they are, lists as PEM, hexadecimal or base64;
//   {"tcbEvaluationDataNumbers": ...}: recognised, and of no use here.
// `json` is what `original` parses to. False: something else, and nothing was added. Errors: invalid.
Result<bool> add_intel_json(std::string_view name, const nlohmann::json& json, BytesView original,
                            Collateral& collateral);

// Endorsements as Open Enclave packs them: its own table of nine parts, or a copy of Intel's sgx_ql_qve_collateral_t in
// memory. False: something else. Errors: invalid.
Result<bool> add_open_enclave_endorsements(std::string_view name, BytesView bytes, Collateral& collateral);

}  // namespace adyton
