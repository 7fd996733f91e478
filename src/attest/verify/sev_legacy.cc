// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/sev_legacy.h"

#include <algorithm>
#include <optional>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::string_view kSignature = "certificate signature";

std::optional<SignatureAlgorithm> algorithm_of(SevAlgorithm algorithm) {
  switch (algorithm) {
    case SevAlgorithm::kRsaSha256: return SignatureAlgorithm::kRsaPssSha256;
    case SevAlgorithm::kRsaSha384: return SignatureAlgorithm::kRsaPssSha384;
    case SevAlgorithm::kEcdsaSha256: return SignatureAlgorithm::kEcdsaSha256;
    case SevAlgorithm::kEcdsaSha384: return SignatureAlgorithm::kEcdsaSha384;
    default: return std::nullopt;
  }
}

Result<void> check(const SevCertificate& certificate, const SevCertificate::Signature& signature,
                   const SevCertificate& signer) {
  if (signature.algorithm != signer.algorithm) return untrusted("made with another algorithm than the signer's");
  const auto algorithm = algorithm_of(signature.algorithm);
  if (!algorithm || (signer.curve != 1 && signer.curve != 2)) return invalid("an algorithm that is not supported");
  const VerifyingKey key =
      TRY(VerifyingKey::from_point(signer.curve == 1 ? KeyType::kP256 : KeyType::kP384, signer.x, signer.y));
  const Bytes raw = TRY(sev_ecdsa_signature(signature.bytes, signer.x.size()));
  return key.verify(*algorithm, certificate.signed_part(), raw, EcdsaForm::kRaw);
}

Result<void> check(BytesView signed_part, BytesView signature, SevAlgorithm named, const SevCaCertificate& signer) {
  const auto algorithm = algorithm_of(named);
  if (!algorithm) return invalid("an algorithm that is not supported");
  return TRY(VerifyingKey::from_rsa(signer.modulus, signer.exponent)).verify(*algorithm, signed_part, signature);
}

Result<void> check_by_authority(const SevCertificate& certificate, const SevCertificate::Signature& signature,
                                const SevCaCertificate& signer) {
  Bytes number = to_bytes(signature.bytes.first(signer.modulus.size()));
  std::ranges::reverse(number);
  return check(certificate.signed_part(), number, signature.algorithm, signer);
}

const SevCaCertificate* find_authority(const SevCertificates& all, SevUsage usage) {
  const auto found = std::ranges::find(all.authorities, usage, &SevCaCertificate::usage);
  return found == all.authorities.end() ? nullptr : &*found;
}

void record(const Result<void>& result, std::string_view of, std::string_view by, Findings& out) {
  if (result) {
    out.pass(kSignature, fmt::format("{} by {}", of, by));
  } else {
    out.fail(kSignature, fmt::format("{} by {}: {}", of, by, result.error().message));
  }
}

std::string where(SevUsage usage) {
  if (usage == SevUsage::kAsk || usage == SevUsage::kArk) {
    return "https://developer.amd.com/wp-content/resources/ask_ark_naples.cert (for Rome: ask_ark_rome.cert)";
  }
  if (usage == SevUsage::kCek) return "from kdsintf.amd.com, /cek/id/ and the chip's id in hexadecimal";
  return "the platform's owner has it (PDH_CERT_EXPORT)";
}

// Whose signature makes a certificate what it is (55766, 2.1.3), and so must be there.
SevUsage signer_of(SevUsage usage) {
  switch (usage) {
    case SevUsage::kPdh: return SevUsage::kPek;
    case SevUsage::kPek: return SevUsage::kCek;
    case SevUsage::kCek: return SevUsage::kAsk;
    default: return usage;  // the owner's authority: itself
  }
}

// Anybody can make keys that vouch for themselves and each other, so that it matters who signs what.
bool may_sign(SevUsage signer, SevUsage usage) {
  return signer == signer_of(usage) || (usage == SevUsage::kPek && signer == SevUsage::kOca);
}

void check_certificate(const SevCertificate& certificate, const SevCertificates& all, Findings& out) {
  const std::string_view of = name_of(certificate.usage);
  bool by_signer = false;
  for (const SevCertificate::Signature& signature : certificate.signatures()) {
    if (signature.usage == SevUsage::kInvalid) continue;
    const std::string_view by = name_of(signature.usage);
    if (!may_sign(signature.usage, certificate.usage)) {
      out.fail(kSignature, fmt::format("{} is signed by the {}, which vouches for no {}", of, by, of));
      continue;
    }
    by_signer = by_signer || signature.usage == signer_of(certificate.usage);
    if (signature.usage == SevUsage::kAsk) {
      if (const SevCaCertificate* ask = find_authority(all, SevUsage::kAsk)) {
        record(check_by_authority(certificate, signature, *ask), of, by, out);
        continue;
      }
    }
    const auto signer = std::ranges::find(all.certificates, signature.usage, &SevCertificate::usage);
    if (signer == all.certificates.end()) {
      out.miss(kSignature,
               fmt::format("{} is signed by the {}, which was not given: {}", of, by, where(signature.usage)));
    } else {
      record(check(certificate, signature, *signer), of, by, out);
    }
  }
  if (!by_signer) {
    out.fail(kSignature, fmt::format("{} is not signed by the {}", of, name_of(signer_of(certificate.usage))));
  }
}

// How AMD's authorities are signed: RSA with PSS, SHA-256 for keys of 2048 bits and SHA-384 for 4096 (55766, B).
SevAlgorithm algorithm_of_authority(const SevCaCertificate& signer) {
  return signer.modulus.size() == 256 ? SevAlgorithm::kRsaSha256 : SevAlgorithm::kRsaSha384;
}

void check_authority(const SevCaCertificate& authority, const SevCertificates& all, const VerifyContext& context,
                     Findings& out) {
  const std::string_view of = name_of(authority.usage);
  const SevCaCertificate* ark = find_authority(all, SevUsage::kArk);
  if (!ark) {
    out.miss(kSignature, fmt::format("{} is signed by the ARK, which was not given: {}", of, where(SevUsage::kArk)));
    return;
  }
  record(check(BytesView(authority.bytes).first(authority.signed_bytes), authority.signature,
               algorithm_of_authority(*ark), *ark),
         of, "ARK", out);
  if (&authority != ark) return;
  const auto key = VerifyingKey::from_rsa(ark->modulus, ark->exponent);
  const bool trusted = key && std::ranges::any_of(context.anchors.keys, [&](const VerifyingKey& anchor) {
                         return std::ranges::equal(anchor.spki(), key->spki());
                       });
  if (trusted) {
    out.pass("ARK", "it is one of the keys that were given as trusted");
  } else {
    out.miss("ARK", "AMD's roots of Naples and Rome are not built in: give the key as trusted");
  }
}

}  // namespace

Findings verify_sev_certificates(const SevCertificates& certificates, const VerifyContext& context) {
  Findings out;
  out.claims.platform = "sev";
  for (const SevCertificate& one : certificates.certificates) {
    check_certificate(one, certificates, out);
    out.fields.push_back(
        {std::string(name_of(one.usage)) + ".api", fmt::format("{}.{}", one.api_major, one.api_minor)});
  }
  for (const SevCaCertificate& one : certificates.authorities) check_authority(one, certificates, context, out);
  if (certificates.authorities.empty()) {
    out.miss("ARK", "AMD's root was not given: " + where(SevUsage::kArk));
  }
  return out;
}

}  // namespace adyton
