// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/token_key.h"

#include <algorithm>
#include <array>

#include <adyton/der.h>

#include "attest/evidence/intel_wrappers.h"
#include "attest/verify/intel_wrappers.h"
#include "attest/verify/sgx_quote.h"
#include "base/error.h"
#include "base/utc.h"
#include "crypto/x509.h"

namespace adyton {
namespace {

// Open Enclave's extensions with a quote: 1.3.6.1.4.1.311.105.1, and 1.2.840.113556.10.1.1 before it.
constexpr std::array<std::uint8_t, 9> kEvidence = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x69, 0x01};
constexpr std::array<std::uint8_t, 9> kReport = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x14, 0x0a, 0x01, 0x01};

bool same_key(const Certificate& certificate, const VerifyingKey& key) {
  return std::ranges::equal(certificate.key().spki(), key.spki());
}

const Certificate* certificate_of(const VerifyingKey& key, const VerifyContext& context) {
  for (const TrustAnchors::Key& anchor : context.anchors.keys) {
    if (anchor.use != AnchorUse::kMicrosoftToken || !anchor.certificate) continue;
    if (same_key(*anchor.certificate, key)) return &*anchor.certificate;
  }
  for (const Certificate& given : context.collateral.certificates()) {
    if (same_key(given, key)) return &given;
  }
  return nullptr;
}

bool any(const Findings& findings, Outcome outcome) {
  return std::ranges::find(findings.checks, outcome, &Check::outcome) != findings.checks.end();
}

// Custom claims are what the report data is the hash of, and have the key among them; without them it is the key
// itself.
void check_held_key(const IntelWrapping& wrapping, const VerifyingKey& key, Findings& quote) {
  const Bytes held = held_key(key.spki());
  if (wrapping.held_data.empty()) return verify_held_data({held}, quote);
  verify_held_data(wrapping.held_data, quote);
  const BytesView text = BytesView(held).first(held.size() - 1);
  const bool named = std::ranges::any_of(wrapping.held_data,
                                         [&](const Bytes& data) { return !std::ranges::search(data, text).empty(); });
  if (!named) quote.fail("held data", "the key is not among them");
}

Result<Findings> verify_enclave(const Bytes& evidence, const VerifyingKey& key, const VerifyContext& context) {
  const IntelWrapping wrapping = TRY(unwrap_intel_quote(evidence));
  Findings out = verify_sgx_quote(TRY(parse_sgx_quote(wrapping.quote)), context);
  check_held_key(wrapping, key, out);
  return out;
}

void check_enclave(const Bytes& evidence, const VerifyingKey& key, const VerifyContext& context, Findings& findings) {
  Result<Findings> enclave = verify_enclave(evidence, key, context);
  if (!enclave) {
    return findings.fail(kTokenKey, fmt::format("what its certificate has in the place of an SGX quote is none: {}",
                                                enclave.error().message));
  }
  if (any(*enclave, Outcome::kFailed)) {
    findings.fail(kTokenKey, "its certificate carries an SGX quote that is not genuine, or of another key");
  } else if (const auto missing = std::ranges::find(enclave->checks, Outcome::kMissing, &Check::outcome);
             missing != enclave->checks.end()) {
    return findings.note(kTokenKey, fmt::format("its certificate carries an SGX quote that names the key, but was not "
                                                "verified to the end: {} is missing",
                                                missing->what));
  } else {
    findings.pass(kTokenKey, "its certificate carries an SGX quote that names the key");
  }
  findings.parts.push_back({std::string(kTokenEnclave), *std::move(enclave)});
}

}  // namespace

void check_key_certificate(const VerifyingKey& key, const VerifyContext& context, Findings& findings) {
  const Certificate* certificate = certificate_of(key, context);
  if (certificate == nullptr) return;
  if (context.now < certificate->not_before() || context.now > certificate->not_after()) {
    findings.out_of_time(
        kTokenKey, fmt::format("the certificate of the key is valid from {} to {}", utc_text(certificate->not_before()),
                               utc_text(certificate->not_after())));
  }
  if (const auto evidence = key_evidence_of(*certificate)) check_enclave(*evidence, key, context, findings);
}

std::optional<Bytes> key_evidence_of(const Certificate& certificate) {
  auto extension = certificate.extension(std::as_bytes(std::span(kEvidence)));
  if (!extension) extension = certificate.extension(std::as_bytes(std::span(kReport)));
  if (!extension) return {};
  // Microsoft's certificates have an OCTET STRING within the extension's own.
  der::Reader reader(*extension);
  const auto within = reader.contents(der::kOctetString, "evidence");
  if (within && reader.at_end()) return to_bytes(*within);
  return to_bytes(*extension);
}

Bytes held_key(BytesView spki) {
  Bytes out = to_bytes(to_pem("PUBLIC KEY", spki));
  out.push_back(std::byte{0});
  return out;
}

}  // namespace adyton
