// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/uvm_endorsement.h"

#include <algorithm>
#include <optional>

#include <adyton/der.h>
#include "attest/verify/chain.h"
#include "base/base64.h"
#include "base/error.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

// RFC 8230, 2; RFC 9053, 2.1.
std::optional<SignatureAlgorithm> algorithm_of(std::int64_t cose) {
  switch (cose) {
    case -37: return SignatureAlgorithm::kRsaPssSha256;
    case -38: return SignatureAlgorithm::kRsaPssSha384;
    case -39: return SignatureAlgorithm::kRsaPssSha512;
    case -7: return SignatureAlgorithm::kEcdsaSha256;
    case -35: return SignatureAlgorithm::kEcdsaSha384;
    default: return std::nullopt;
  }
}

// did:x509:0:sha256:<base64url of the root's digest>::eku:<oid>
struct Did {
  Bytes root;
  std::string eku;
};
Result<Did> parse_did(std::string_view did) {
  constexpr std::string_view kStart = "did:x509:0:sha256:", kPolicy = "::eku:";
  const std::size_t policy = did.find(kPolicy);
  if (!did.starts_with(kStart) || policy == std::string_view::npos) return invalid("{} is not understood", did);
  Did out{.root = TRY(parse_base64url(did.substr(kStart.size(), policy - kStart.size()))),
          .eku = std::string(did.substr(policy + kPolicy.size()))};
  if (out.eku.contains(':')) return invalid("{} has more than one policy", did);
  return out;
}

// Whether the extended key usage (RFC 5280, 4.2.1.12) has this purpose.
bool has_purpose(const Certificate& certificate, std::string_view purpose) {
  constexpr std::uint8_t kExtendedKeyUsage[] = {0x55, 0x1d, 0x25};
  const auto extension = certificate.extension(std::as_bytes(std::span(kExtendedKeyUsage)));
  if (!extension) return false;
  auto purposes = der::Reader(*extension).enter(der::kSequence, "extended key usage");
  while (purposes && !purposes->at_end()) {
    const auto oid = purposes->object_identifier("purpose");
    if (!oid) return false;
    if (der::object_identifier_text(*oid) == purpose) return true;
  }
  return false;
}

void check_signature(const UvmEndorsement& endorsement, Findings& out) {
  const auto algorithm = algorithm_of(endorsement.algorithm);
  if (!algorithm) {
    out.fail("UVM signature", fmt::format("COSE algorithm {} is not accepted", endorsement.algorithm));
    return;
  }
  const Bytes signed_part = cose_to_be_signed(endorsement.message.protected_headers, *endorsement.message.payload);
  const auto good =
      endorsement.chain[0].key().verify(*algorithm, signed_part, endorsement.message.signature, EcdsaForm::kRaw);
  if (good) {
    out.pass("UVM signature", "by the first certificate of its chain");
  } else {
    out.fail("UVM signature", "the endorsement's: " + good.error().message);
  }
}

void check_chain(const UvmEndorsement& endorsement, const VerifyContext& context, Findings& out) {
  const auto did = parse_did(endorsement.issuer);
  if (!did) {
    out.fail("UVM chain", did.error().message);
    return;
  }
  const Certificate& root = endorsement.chain.back();
  if (!std::ranges::equal(sha256(root.der()), did->root)) {
    out.fail("UVM chain", "its root is not the one that the issuer names: " + endorsement.issuer);
    return;
  }
  if (!has_purpose(endorsement.chain[0], did->eku)) {
    out.fail("UVM chain", "the signer's certificate is not for the purpose that the issuer names: " + did->eku);
  }
  // The root that the issuer names is the one anchor here, whatever use it is listed under. Links of this chain are not
  // the report's: they stay in a Findings of their own.
  TrustAnchors named;
  named.certificates.push_back({AnchorUse::kAmd, root});
  Findings chain;
  verify_chain(endorsement.chain[0], endorsement.chain,
               {.use = AnchorUse::kAmd, .what = "UVM chain", .roles = {}, .leaf_signs = true},
               {context.collateral, named, context.now, context.seen}, chain);
  out.checks.insert(out.checks.end(), chain.checks.begin(), chain.checks.end());
}

}  // namespace

void verify_uvm_endorsement(const UvmEndorsement& endorsement, const SnpReport& report, const VerifyContext& context,
                            Findings& findings) {
  check_signature(endorsement, findings);
  check_chain(endorsement, context, findings);
  if (std::ranges::equal(endorsement.launch_measurement, report.measurement())) {
    findings.pass("UVM measurement", "the endorsement is for the report's launch measurement");
  } else {
    findings.fail("UVM measurement", fmt::format("the endorsement is for {}, the report has {}",
                                                 to_hex(endorsement.launch_measurement), to_hex(report.measurement())));
  }
  findings.fields.push_back({"uvm.issuer", endorsement.issuer});
  findings.fields.push_back({"uvm.feed", endorsement.feed});
  findings.fields.push_back({"uvm.guest_svn", endorsement.guest_svn});
}

}  // namespace adyton
