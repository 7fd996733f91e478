// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/nitro.h"

#include <algorithm>

#include "attest/verify/chain.h"
#include "base/error.h"
#include "base/zeros.h"

namespace adyton {
namespace {

constexpr std::uint8_t kImage = 0, kImageSigner = 8;  // "Where to get an enclave's measurements": PCR0, PCR8

void fill_claims(const NitroDocument& document, Findings& findings) {
  Claims& claims = findings.claims;
  claims.platform = document.tpm ? "nitro-tpm" : "nitro";
  if (document.user_data) claims.report_data = *document.user_data;
  for (const auto& one : document.registers) {
    claims.boot_chain.push_back({fmt::format("PCR{}", one.index), one.value});
  }
  if (document.tpm) return;  // its registers are a TPM's, and mean what the firmware measured
  if (const Bytes* image = document.find_register(kImage)) {
    claims.measurement = *image;
    claims.debug = all_zero(*image);
  }
  if (const Bytes* signer = document.find_register(kImageSigner); signer && !all_zero(*signer)) claims.signer = *signer;
  if (claims.debug == true) {
    findings.note(kNitroDebug, "PCR0 is all zero: the enclave runs in debug mode, and its parent can read its console");
  }
}

void fill_fields(const NitroDocument& document, Findings& findings) {
  const auto add = [&](std::string_view name, std::string value) {
    findings.fields.push_back({std::string(name), std::move(value)});
  };
  add("module_id", document.module_id);
  add("timestamp", fmt::format("{}", document.timestamp_ms));
  for (const auto& one : document.registers) add(fmt::format("PCR{}", one.index), to_hex(one.value));
  if (document.public_key) add("public_key", to_hex(*document.public_key));
  if (document.user_data) add("user_data", to_hex(*document.user_data));
  if (document.nonce) add("nonce", to_hex(*document.nonce));
  for (const std::string& name : document.unknown_fields) {
    findings.note(kNitroFields, fmt::format("the document has a field that is not known here: {}", name));
  }
}

// What came with the document, as far as it is certificates.
std::vector<Certificate> parse_bundle(const NitroDocument& document, Findings& findings) {
  std::vector<Certificate> out;
  for (std::size_t i = 0; i < document.bundle.size(); ++i) {
    Result<Certificate> certificate = Certificate::parse(document.bundle[i]);
    if (certificate) {
      out.push_back(*std::move(certificate));
    } else {
      findings.fail(kNitroCertificate, fmt::format("cabundle[{}]: {}", i, certificate.error().message));
    }
  }
  return out;
}

// Milliseconds of the document against seconds of the certificate: both ends belong to the validity.
void check_timestamp(const NitroDocument& document, const Certificate& signer, std::int64_t now, Findings& findings) {
  const auto seconds = static_cast<std::int64_t>(document.timestamp_ms / 1000);
  if (seconds < signer.not_before() || seconds > signer.not_after()) {
    findings.out_of_time(kNitroTimestamp,
                         fmt::format("the document says it was made at {} s, outside the validity of its certificate, "
                                     "{} to {} s since 1970",
                                     seconds, signer.not_before(), signer.not_after()));
  } else {
    findings.pass(kNitroTimestamp, fmt::format("made at {} ms since 1970", document.timestamp_ms));
  }
  if (seconds > now) {
    findings.note(kNitroTimestamp, fmt::format("the document was made {} s after the time asked about", seconds - now));
  }
}

}  // namespace

Findings verify_nitro(const NitroDocument& document, const VerifyContext& context) {
  Findings findings;
  fill_claims(document, findings);
  fill_fields(document, findings);
  const std::vector<Certificate> bundle = parse_bundle(document, findings);
  const Result<Certificate> signer = Certificate::parse(document.certificate);
  if (!signer) {
    findings.fail(kNitroCertificate, fmt::format("the signer's certificate: {}", signer.error().message));
    return findings;
  }
  const ChainRules rules{
      .use = AnchorUse::kAws, .what = kNitroChain, .roles = {}, .checks_lists = false, .leaf_signs = true};
  verify_chain(*signer, bundle, rules, context, findings);
  check_timestamp(document, *signer, context.now, findings);
  const Result<void> signature = verify_cose_sign1(document.message, signer->key(), {}, {}, context.seen);
  if (signature) {
    findings.pass(kNitroSignature, fmt::format("by {}", signer->subject().text));
  } else {
    findings.fail(kNitroSignature, fmt::format("the document was not signed by the key of {}: {}",
                                               signer->subject().text, signature.error().message));
  }
  return findings;
}

}  // namespace adyton
