// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/cca_token.h"

#include <algorithm>

#include "attest/verify/arm_signer.h"
#include "base/error.h"
#include "crypto/cose_key.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

constexpr std::byte kUncompressed{0x04};  // SEC 1, 2.3.3
constexpr std::byte kSequence{0x30};

// "Hash Name String" of the Named Information Hash Algorithm Registry. Nothing for others.
std::optional<Bytes> hash_of(std::string_view algorithm, BytesView bytes) {
  if (algorithm == "sha-256") return to_bytes(sha256(bytes));
  if (algorithm == "sha-384") return to_bytes(sha384(bytes));
  if (algorithm == "sha-512") return to_bytes(sha512(bytes));
  return {};
}

// The forms the claim 44237 has: a point (older RMMs), a COSE_Key, a SubjectPublicKeyInfo (virtCCA).
Result<VerifyingKey> parse_realm_key(BytesView bytes, bool virtcca) {
  if (virtcca && bytes[0] == kSequence) return VerifyingKey::parse_spki(bytes);
  if (bytes[0] != kUncompressed) return parse_cose_key(bytes);
  const std::size_t field = bytes.size() / 2;
  if (bytes.size() != 65 && bytes.size() != 97 && bytes.size() != 133) {
    return invalid("a point of {} bytes", bytes.size());
  }
  const KeyType curve = field == 32 ? KeyType::kP256 : field == 48 ? KeyType::kP384 : KeyType::kP521;
  return VerifyingKey::from_point(curve, bytes.subspan(1, field), bytes.subspan(1 + field));
}

void fill_realm(const CcaRealmToken& realm, Findings& findings) {
  Claims& claims = findings.claims;
  claims.measurement = realm.initial_measurement;
  claims.report_data = realm.challenge;
  claims.host_data = realm.personalization;
  const auto add = [&](std::string_view name, std::string value) {
    if (!value.empty()) findings.fields.push_back({std::string(name), std::move(value)});
  };
  add("realm.profile", realm.profile);
  add("realm.challenge", to_hex(realm.challenge));
  add("realm.personalization_value", to_hex(realm.personalization));
  add("realm.initial_measurement", to_hex(realm.initial_measurement));
  for (std::size_t i = 0; i < realm.measurements.size(); ++i) {
    claims.boot_chain.push_back({fmt::format("REM{}", i), realm.measurements[i]});
    add(fmt::format("realm.extensible_measurement[{}]", i), to_hex(realm.measurements[i]));
  }
  add("realm.hash_algorithm", realm.hash_algorithm);
  add("realm.public_key", to_hex(realm.public_key));
  add("realm.public_key_hash_algorithm", realm.key_hash_algorithm);
}

void fill_platform(const CcaPlatformToken& platform, Findings& findings) {
  findings.claims.hardware_model = fmt::format("implementation {}", to_hex(platform.implementation_id));
  const auto add = [&](std::string_view name, std::string value) {
    if (!value.empty()) findings.fields.push_back({std::string(name), std::move(value)});
  };
  add("platform.profile", platform.profile);
  add("platform.implementation_id", to_hex(platform.implementation_id));
  add("platform.instance_id", to_hex(platform.instance_id));
  add("platform.config", to_hex(platform.config));
  add("platform.lifecycle", fmt::format("{:#06x}", platform.lifecycle));
  add("platform.hash_algorithm", platform.hash_algorithm);
  add("platform.verification_service", platform.verification_service);
  add_arm_components(platform.components, "platform.", findings);
}

void check_realm_signature(const CcaToken& token, const VerifyContext& context, Findings& findings) {
  const CcaRealmToken& realm = token.realm;
  const Result<VerifyingKey> key = parse_realm_key(realm.public_key, !token.platform);
  if (!key) {
    findings.fail(kCcaRealmKey, fmt::format("the realm's public key: {}", key.error().message));
    return;
  }
  findings.pass(kCcaRealmKey, fmt::format("{}, {} bits", name_of(key->type()), key->bits()));
  const Result<void> signature = verify_cose_sign1(realm.message, *key, {}, {}, context.seen);
  if (signature) {
    findings.pass(kCcaRealmSignature, "by the key in the realm token");
  } else {
    findings.fail(kCcaRealmSignature,
                  fmt::format("the realm token is not signed by the key in it: {}", signature.error().message));
  }
}

// RMM specification, A7.2.3.1.3: what makes the realm's key the platform's.
void check_binding(const CcaPlatformToken& platform, const CcaRealmToken& realm, Findings& findings) {
  const std::optional<Bytes> hash = hash_of(realm.key_hash_algorithm, realm.public_key);
  if (!hash) {
    findings.fail(kCcaBinding, fmt::format("the realm's key is hashed with \"{}\", which is not known here",
                                           realm.key_hash_algorithm));
  } else if (*hash != platform.binding) {
    findings.fail(kCcaBinding, fmt::format("the platform token is bound to {}, but the {} of the realm's key is {}",
                                           to_hex(platform.binding), realm.key_hash_algorithm, to_hex(*hash)));
  } else {
    findings.pass(kCcaBinding,
                  fmt::format("the platform token has the {} of the realm's key", realm.key_hash_algorithm));
  }
}

void check_platform(const CcaPlatformToken& platform, const VerifyContext& context, Findings& findings) {
  check_arm_lifecycle(platform.lifecycle, kCcaLifecycle, findings);
  const std::string wanted = fmt::format(
      "the platform attestation key (CPAK) of instance {} of implementation {}, which the platform's maker endorses{}",
      to_hex(platform.instance_id), to_hex(platform.implementation_id),
      platform.verification_service.empty() ? "" : fmt::format("; the token names {}", platform.verification_service));
  const auto signer =
      find_arm_signer(platform.message, AnchorUse::kArmCca, kCcaPlatformSignature, wanted, context, findings);
  if (signer) check_arm_instance_id(platform.instance_id, *signer, kCcaInstanceId, findings);
}

// virtCCA's tokens: the realm's key is vouched for by nothing in the token. A certificate for that very key would be
// the beginning of a link, but Huawei's root is no anchor of this library's: it is said, and not believed.
void check_lone_realm(const CcaRealmToken& realm, const VerifyContext& context, Findings& findings) {
  findings.miss(kCcaPlatformSignature,
                "there is no platform token, so nothing says that the realm's key belongs to a real platform");
  const auto& certificates = context.collateral.certificates();
  const auto found = std::ranges::find_if(certificates, [&](const Certificate& certificate) {
    return std::ranges::equal(certificate.key().spki(), realm.public_key);
  });
  if (found == certificates.end()) {
    findings.miss(kCcaCertificate, "no certificate that was given is for the realm's key");
  } else {
    findings.note(kCcaCertificate,
                  fmt::format("{} has a certificate from {} for the realm's key; Huawei's root is not an anchor here",
                              found->subject().text, found->issuer().text));
  }
}

}  // namespace

Findings verify_cca_token(const CcaToken& token, const VerifyContext& context) {
  Findings findings;
  const bool virtcca = !token.platform && token.realm.public_key[0] == kSequence;
  findings.claims.platform = virtcca ? "huawei-virtcca" : "arm-cca";
  fill_realm(token.realm, findings);
  if (token.platform) {
    fill_platform(*token.platform, findings);
    check_platform(*token.platform, context, findings);
    check_binding(*token.platform, token.realm, findings);
  } else {
    check_lone_realm(token.realm, context, findings);
  }
  check_realm_signature(token, context, findings);
  return findings;
}

}  // namespace adyton
