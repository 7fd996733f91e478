// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/intel_common.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "attest/evidence/intel_quote.h"
#include "attest/verify/chain.h"
#include "attest/verify/intel_tcb.h"
#include "base/zeros.h"
#include "crypto/crypto.h"
#include "crypto/parsed_objects.h"

namespace adyton {
namespace {

constexpr std::string_view kPckName = "SGX PCK Certificate";  // in the subject: PCK certificate profile, 1.3.5

Result<void> verify_raw(const VerifyingKey& key, BytesView message, BytesView signature, SeenSignatures* seen) {
  return key.verify(SignatureAlgorithm::kEcdsaSha256, message, signature, EcdsaForm::kRaw, seen);
}

// The quote's own signature is new each time, so `seen` is not filled with it. Returns the key, whoever's it is,
// unless it is known.
std::optional<VerifyingKey> verify_attestation_key(BytesView signed_part, const QuoteSignature& signature,
                                                   SeenSignatures* seen, Findings& findings) {
  const BytesView point = signature.attestation_key();
  const auto* known = seen != nullptr ? seen->parsed().find<VerifyingKey>(point) : nullptr;
  const Result<VerifyingKey> key =
      known != nullptr ? *known : VerifyingKey::from_point(KeyType::kP256, point.first(32), point.subspan(32));
  if (!key) {
    findings.fail("quote signature", "the attestation key is no point of P-256: " + key.error().message);
    return std::nullopt;
  }
  const auto good = verify_raw(*key, signed_part, signature.quote_signature(), nullptr);
  if (good) {
    findings.pass("quote signature", "by the attestation key, over header and body");
  } else {
    findings.fail("quote signature", "the attestation key's, over header and body: " + good.error().message);
  }
  if (known != nullptr) return std::nullopt;
  return *key;
}

// SHA-256(attestation key || QE authentication data) || 0...0
bool verify_key_binding(const QuoteSignature& signature, Findings& findings) {
  const Digest256 digest = sha256({signature.attestation_key(), signature.qe_authentication_data()});
  const BytesView report_data = signature.qe_report.report_data();
  if (std::ranges::equal(report_data.first(32), digest) && all_zero(report_data.subspan(32))) {
    findings.pass("QE report data", "names the attestation key");
    return true;
  }
  findings.fail("QE report data", "the QE's report is about another attestation key or other authentication data");
  return false;
}

// A certificate that is known already is not taken apart again.
Result<Certificate> certificate_of(BytesView der, const VerifyContext& context) {
  const auto same = [&](const Certificate& known) { return std::ranges::equal(known.der(), der); };
  for (const Certificate& known : context.collateral.certificates()) {
    if (same(known)) return known;
  }
  for (const auto& anchor : context.anchors.certificates) {
    if (same(anchor.certificate)) return anchor.certificate;
  }
  return Certificate::parse(der);
}

// PCK certificate and what came with it.
struct Pck {
  Pck(Certificate leaf_, std::vector<Certificate> others_)
      : leaf(std::move(leaf_)),
        others(std::move(others_)),
        extensions(parse_pck_extensions(leaf)),
        named(leaf.subject().common_name().value_or("").contains(kPckName)) {}
  Certificate leaf;
  std::vector<Certificate> others;
  Result<PckExtensions> extensions;
  bool named;  // as Intel names them
};

std::optional<Pck> pck_inside(const std::vector<PemBlock>& blocks, const VerifyContext& context, Findings& findings) {
  std::optional<Certificate> leaf;
  std::vector<Certificate> others;
  for (const PemBlock& block : blocks) {
    auto certificate = certificate_of(block.der, context);
    if (!certificate) {
      findings.fail("PCK certificate", "the quote's certification data: " + certificate.error().message);
      return std::nullopt;
    }
    if (!leaf && has_pck_extensions(*certificate)) {
      leaf = std::move(*certificate);
    } else {
      others.push_back(std::move(*certificate));
    }
  }
  if (!leaf) {
    findings.fail("PCK certificate", "the quote's certification data has no certificate with SGX extensions");
    return std::nullopt;
  }
  return Pck{std::move(*leaf), std::move(others)};
}

std::string where_to_ask(const QuoteSignature& signature) {
  const auto request = parse_pck_request(signature);
  if (!request) return "the platform's operator (PCCS)";
  const bool plain = signature.certification_type == CertificationType::kPpidPlain;
  return fmt::format(
      "https://api.trustedservices.intel.com/sgx/certification/v4/pckcert?{}={}&cpusvn={}&pcesvn={}&pceid={}",
      plain ? "ppid" : "encrypted_ppid", to_hex(request->ppid), to_hex(request->cpu_svn), to_hex(request->pce_svn),
      to_hex(request->pce_id));
}

// Certification data of types 1 to 3 and 7: the one among the collateral whose key signed the QE's report.
std::optional<Pck> pck_outside(const QuoteSignature& signature, const VerifyContext& context, Findings& findings) {
  std::size_t count = 0;
  for (const Certificate& certificate : context.collateral.certificates()) {
    if (!has_pck_extensions(certificate)) continue;
    ++count;
    const auto good =
        verify_raw(certificate.key(), signature.qe_report_bytes(), signature.qe_report_signature(), context.seen);
    if (good) return Pck{certificate, {}};
  }
  findings.miss("PCK certificate",
                fmt::format("the quote carries none (certification data of type {}) and none of the {} that were given "
                            "signed the QE's report; it is had from {}",
                            static_cast<unsigned>(signature.certification_type), count, where_to_ask(signature)));
  return std::nullopt;
}

bool has_pck_inside(const QuoteSignature& signature) {
  const CertificationType type = signature.certification_type;
  return type == CertificationType::kPckCertificate || type == CertificationType::kPckChain;
}

// What this certification data was found to hold before.
const Pck* known_pck(const QuoteSignature& signature, const VerifyContext& context) {
  return context.seen != nullptr && has_pck_inside(signature)
             ? context.seen->parsed().find<Pck>(signature.certification_data())
             : nullptr;
}

std::optional<Pck> find_pck(const QuoteSignature& signature, const VerifyContext& context, Findings& findings) {
  if (has_pck_inside(signature)) {
    const auto blocks = parse_pem_blocks(as_text(signature.certification_data()), 8);
    if (!blocks) {
      findings.fail("PCK certificate", "the quote's certification data: " + blocks.error().message);
      return std::nullopt;
    }
    // Without any PEM in it (Intel's own samples have such), the certificate may still be given apart.
    if (!blocks->empty()) return pck_inside(*blocks, context, findings);
  }
  return pck_outside(signature, context, findings);
}

// Each certificate in the quote has to be part of the chain that was found, or to be another edition of one in it: a
// chain that was mended with certificates from elsewhere is not what the quote carried.
bool verify_others(const std::vector<Certificate>& others, std::size_t first_link, const VerifyContext& context,
                   Findings& findings) {
  const auto links = std::span(findings.chain).subspan(first_link);
  const auto belongs = [&](const Certificate& other) {
    const auto has_key = [&](const ChainLink& link) {
      return link.certificate.subject() == other.subject() &&
             std::ranges::equal(link.certificate.key().spki(), other.key().spki());
    };
    const auto signed_it = [&](const ChainLink& link) {
      return link.certificate.subject() == other.issuer() &&
             other.verify_signature(link.certificate.key(), context.seen).has_value();
    };
    const auto is_it = [&](const ChainLink& link) { return as_text(link.certificate.der()) == as_text(other.der()); };
    return std::ranges::any_of(links, is_it) ||
           (std::ranges::any_of(links, has_key) && std::ranges::any_of(links, signed_it));
  };
  bool all = true;
  for (const Certificate& other : others) {
    if (belongs(other)) continue;
    findings.fail("PCK chain", "the quote carries a certificate that is not part of it: " + other.subject().text);
    all = false;
  }
  return all;
}

// Under Intel's root stand authorities for other things as well.
bool is_pck_ca(const Certificate& authority) {
  const auto name = authority.subject().common_name();
  return name == "Intel SGX PCK Platform CA" || name == "Intel SGX PCK Processor CA";
}

bool verify_pck_ca(std::size_t first_link, Findings& findings) {
  if (findings.chain.size() <= first_link + 1) return true;  // missing: said already
  const Certificate& authority = findings.chain[first_link + 1].certificate;
  if (is_pck_ca(authority)) return true;
  findings.fail("PCK chain", "constraints: " + authority.subject().text + " is none of Intel's authorities for PCKs");
  return false;
}

std::string_view name_of(SgxType type) {
  switch (type) {
    case SgxType::kStandard: return "standard";
    case SgxType::kScalable: return "scalable";
    case SgxType::kScalableWithIntegrity: return "scalable with integrity";
  }
  return "unknown";
}

void add_fields(const PckExtensions& platform, Findings& findings) {
  const auto add = [&](const char* name, std::string value) { findings.fields.push_back({name, std::move(value)}); };
  add("FMSPC", to_hex(platform.fmspc));
  add("PCEID", to_hex(platform.pce_id));
  add("PPID", to_hex(platform.ppid));
  add("PCK CPUSVN", to_hex(platform.cpu_svn));
  add("PCK TCB components", svn_list(std::as_bytes(std::span(platform.components))));
  add("PCK PCESVN", std::to_string(platform.pce_svn));
  add("SGX type", std::string(name_of(platform.sgx_type)));
  if (platform.platform_instance_id) add("platform instance ID", to_hex(*platform.platform_instance_id));
  const auto add_flag = [&](const char* name, const std::optional<bool>& flag) {
    if (flag) add(name, *flag ? "yes" : "no");
  };
  add_flag("dynamic platform", platform.dynamic_platform);
  add_flag("cached keys", platform.cached_keys);
  add_flag("SMT enabled", platform.smt_enabled);
  const bool emulated = platform.fmspc == kEmulatedFmspc;
  findings.claims.hardware_model = fmt::format("FMSPC {}{}", to_hex(platform.fmspc), emulated ? kEmulatedPlatform : "");
}

}  // namespace

QuoteSigner verify_quote_signatures(BytesView signed_part, const QuoteSignature& signature,
                                    const VerifyContext& context, Findings& findings) {
  QuoteSigner out;
  const auto new_key = verify_attestation_key(signed_part, signature, context.seen, findings);
  const bool bound = verify_key_binding(signature, findings);
  const Pck* pck = known_pck(signature, context);
  std::optional<Pck> found;
  if (pck == nullptr) {
    found = find_pck(signature, context, findings);
    if (!found) return out;
    pck = &*found;
  }

  const Result<PckExtensions>& extensions = pck->extensions;
  if (!extensions) {
    findings.fail("PCK certificate", extensions.error().message);
  } else if (!pck->named) {
    findings.fail("PCK certificate", "the certificate of " + pck->leaf.subject().text + " is no PCK certificate");
  } else {
    findings.pass("PCK certificate");
    add_fields(*extensions, findings);
  }
  // The same for every quote of this QE and this attestation key.
  const auto good =
      verify_raw(pck->leaf.key(), signature.qe_report_bytes(), signature.qe_report_signature(), context.seen);
  out.qe_report_signed = good.has_value();
  if (good) {
    findings.pass("QE report signature", "by the PCK, over the QE's report");
  } else {
    findings.fail("QE report signature", "the PCK's, over the QE's report: " + good.error().message);
  }
  const ChainRules rules{.use = AnchorUse::kIntelSgx,
                         .what = "PCK chain",
                         .roles = {"PCK", "PCK CA", "Intel SGX Root CA"},
                         .needs_lists = true,
                         .leaf_signs = true};
  const std::size_t first_link = findings.chain.size();
  const bool trusted = verify_chain(pck->leaf, pck->others, rules, context, findings);
  const bool all = verify_others(pck->others, first_link, context, findings);
  const bool by_ca = verify_pck_ca(first_link, findings);
  if (!trusted || !all || !by_ca || !extensions || !pck->named) return out;
  out.platform = *extensions;
  if (context.seen == nullptr) return out;
  // The next quotes will be by the same keys. Of platforms that Intel does not vouch for they are not worth the room.
  if (found && has_pck_inside(signature)) context.seen->parsed().keep(signature.certification_data(), *found);
  if (new_key && bound && good) context.seen->parsed().keep(signature.attestation_key(), *new_key);
  return out;
}

}  // namespace adyton
