// SPDX-License-Identifier: Apache-2.0
#include "testing/fake_arm.h"

#include "base/cbor.h"

namespace adyton::testing {
namespace {

// Writes claims but for the one to leave out.
class Claims {
 public:
  explicit Claims(std::int64_t left_out) : left_out_(left_out) {}
  void bytes(std::int64_t label, BytesView value) {
    if (label != left_out_) map_.key(label).bytes(value);
  }
  void text(std::int64_t label, const std::optional<std::string>& value) {
    if (label != left_out_ && value) map_.key(label).text(*value);
  }
  void integer(std::int64_t label, std::int64_t value) {
    if (label != left_out_) map_.key(label).integer(value);
  }
  void components(std::int64_t label, const std::vector<FakeArmComponent>& all) {
    if (label == left_out_) return;
    cbor::Writer& out = map_.key(label).array(all.size());
    for (const FakeArmComponent& one : all) {
      Claims inner(0);
      inner.text(1, one.type);
      inner.bytes(2, one.measurement);
      inner.text(4, one.version);
      inner.bytes(5, one.signer);
      inner.text(6, one.hash_algorithm);
      out.map(inner.map_);
    }
  }
  void byte_strings(std::int64_t label, std::size_t count, BytesView value) {
    if (label == left_out_) return;
    cbor::Writer& out = map_.key(label).array(count);
    for (std::size_t i = 0; i < count; ++i) out.bytes(value);
  }
  [[nodiscard]] Bytes encoded() const { return cbor::Writer().map(map_).encoded(); }

 private:
  std::int64_t left_out_;
  cbor::MapWriter map_;
};

}  // namespace

Bytes FakePsaClaims::payload() const {
  // RFC 9783, 4.6: what each label was in PSA_IOT_PROFILE_1.
  const auto label = [&](std::int64_t now, std::int64_t before) { return old_labels ? before : now; };
  Claims claims(left_out);
  claims.text(label(265, -75000), profile);
  claims.integer(label(2394, -75001), client_id);
  claims.integer(label(2395, -75002), static_cast<std::int64_t>(lifecycle));
  claims.bytes(label(2396, -75003), implementation_id);
  if (boot_seed) claims.bytes(label(boot_seed_label, -75004), *boot_seed);
  claims.text(label(2398, -75005), certification_reference);
  if (no_components) {
    claims.integer(-75007, 1);
  } else {
    claims.components(label(2399, -75006), components);
  }
  claims.bytes(label(10, -75008), nonce);
  claims.bytes(label(256, -75009), instance_id);
  claims.text(label(2400, -75010), verification_service);
  return claims.encoded();
}

FakeCca::FakeCca() {
  instance_id = {std::byte{1}};
  for (std::byte byte : sha256(fake_point(platform_key.verifying_key()))) instance_id.push_back(byte);
}

Bytes FakeCca::realm_public_key() const {
  const VerifyingKey& key = realm_key.verifying_key();
  return key_as_point ? fake_point(key) : fake_cose_key(key);
}

Bytes FakeCca::platform_payload() const {
  const Bytes key = realm_public_key();
  const Bytes right = key_hash == "sha-256"   ? to_bytes(sha256(key))
                      : key_hash == "sha-384" ? to_bytes(sha384(key))
                                              : to_bytes(sha512(key));
  Claims claims(left_out);
  claims.text(265, platform_profile);
  claims.bytes(binding_label, binding.value_or(right));
  claims.bytes(2396, Bytes(32, std::byte{7}));
  claims.bytes(256, instance_id);
  claims.bytes(2401, Bytes(4, std::byte{8}));
  claims.integer(2395, static_cast<std::int64_t>(lifecycle));
  claims.components(2399, components);
  claims.text(2400, "https://verifier.example");
  claims.text(2402, "sha-256");
  return claims.encoded();
}

Bytes FakeCca::realm_payload() const {
  Claims claims(left_out);
  claims.text(265, "tag:arm.com,2023:realm#1.0.0");
  claims.bytes(10, challenge);
  claims.bytes(44235, Bytes(64, std::byte{9}));
  claims.text(44236, "sha-384");
  claims.bytes(44237, realm_public_key());
  claims.bytes(44238, initial_measurement);
  claims.byte_strings(44239, measurements, initial_measurement);
  claims.text(44240, key_hash);
  return claims.encoded();
}

Bytes FakeCca::token() const {
  const Bytes platform = platform_token ? *platform_token : fake_sign1(platform_payload(), platform_key, platform_cose);
  const Bytes realm = realm_token ? *realm_token : fake_sign1(realm_payload(), realm_key, realm_cose);
  cbor::MapWriter map;
  const auto add = [&](std::int64_t label, BytesView token) {
    if (tag == 907) {
      map.key(label).array(2).integer(263).bytes(token);
    } else {
      map.key(label).bytes(token);
    }
  };
  if (!no_platform) add(44234, platform);
  if (!no_realm) add(44241, realm);
  return cbor::Writer().tag(tag).map(map).encoded();
}

}  // namespace adyton::testing
