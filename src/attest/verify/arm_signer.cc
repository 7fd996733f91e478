// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/arm_signer.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

std::string fingerprint(const VerifyingKey& key) { return to_hex(sha256(key.spki())); }

// The uncompressed point at the end of an elliptic key's SubjectPublicKeyInfo; empty for other keys.
BytesView point_of(const VerifyingKey& key) {
  std::size_t field = 0;
  switch (key.type()) {
    case KeyType::kP256: field = 32; break;
    case KeyType::kP384: field = 48; break;
    case KeyType::kP521: field = 66; break;
    default: return {};
  }
  const std::size_t size = 1 + 2 * field;
  return key.spki().size() < size ? BytesView() : key.spki().last(size);
}

}  // namespace

std::optional<VerifyingKey> find_arm_signer(const CoseSign1& message, AnchorUse use, std::string_view what,
                                            std::string_view wanted, const VerifyContext& context, Findings& findings) {
  const Result<std::int64_t> algorithm = cose_algorithm_of(message);
  const std::optional<KeyType> type = algorithm ? cose_key_type_of(*algorithm) : std::nullopt;
  if (!type) {
    findings.fail(what, algorithm ? fmt::format("signed with COSE algorithm {}, which is not known here", *algorithm)
                                  : algorithm.error().message);
    return {};
  }
  const auto signed_by = [&](const VerifyingKey& key) {
    return key.type() == *type && verify_cose_sign1(message, key, {}, {}, context.seen).has_value();
  };
  std::size_t tried = 0;
  for (const TrustAnchors::Key& anchor : context.anchors.keys) {
    if (anchor.use != use || anchor.key.type() != *type) continue;
    ++tried;
    if (!signed_by(anchor.key)) continue;
    findings.pass(what,
                  fmt::format("{} by the trusted key {}", cose_algorithm_name(*algorithm), fingerprint(anchor.key)));
    return anchor.key;
  }
  if (tried > 0) {
    findings.fail(what, fmt::format("none of the {} keys of type {} that are trusted for {} made the signature ({})",
                                    tried, name_of(*type), name_of(use), wanted));
    return {};
  }
  const auto& lying = context.collateral.keys();
  const auto fits =
      std::ranges::find_if(lying, [&](const Collateral::NamedKey& named) { return signed_by(named.key); });
  if (fits == lying.end()) {
    findings.miss(what, fmt::format("no key of type {} is trusted for {}: {}", name_of(*type), name_of(use), wanted));
  } else {
    findings.miss(what,
                  fmt::format("the key \"{}\" of the collateral made the signature, but nobody vouches for it: if "
                              "it is {}, name it with --trust-root {}=FILE",
                              fits->name.substr(0, 128), wanted, name_of(use)));
  }
  return {};
}

void check_arm_instance_id(BytesView instance_id, const VerifyingKey& key, std::string_view what, Findings& findings) {
  const BytesView point = point_of(key);
  if (!point.empty() && instance_id.size() == 33 && std::ranges::equal(instance_id.subspan(1), sha256(point))) {
    findings.pass(what, "it is the hash of the key that signed");
  } else {
    findings.note(what, fmt::format("{} is not the SHA-256 of the key that signed: the vendor's records must say "
                                    "whether it belongs to that key",
                                    to_hex(instance_id)));
  }
}

void check_arm_lifecycle(std::uint16_t lifecycle, std::string_view what, Findings& findings) {
  const ArmLifecycle state = arm_lifecycle_state(lifecycle);
  findings.claims.debug = state != ArmLifecycle::kSecured;
  const std::string text = fmt::format("{} ({:#06x})", name_of(state), lifecycle);
  if (state == ArmLifecycle::kSecured) {
    findings.pass(what, text);
  } else {
    findings.note(what, text + ": not secured, so what runs may be looked into or changed");
  }
}

void add_arm_components(const std::vector<ArmSoftwareComponent>& components, std::string_view prefix,
                        Findings& findings) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < components.size(); ++i) {
    const ArmSoftwareComponent& one = components[i];
    std::string name = fmt::format("{}{}", prefix, one.type);
    if (one.type.empty() || !names.insert(name).second) name = fmt::format("{}{}", prefix, i);
    findings.claims.boot_chain.push_back({name, one.measurement});
    findings.fields.push_back({name + ".measurement", to_hex(one.measurement)});
    findings.fields.push_back({name + ".signer", to_hex(one.signer)});
    if (!one.version.empty()) findings.fields.push_back({name + ".version", one.version});
    if (!one.hash_algorithm.empty()) findings.fields.push_back({name + ".hash_algorithm", one.hash_algorithm});
  }
}

}  // namespace adyton
