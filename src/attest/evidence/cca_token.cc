// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/cca_token.h"

#include <algorithm>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxTokenBytes = 65536, kMaxConfigBytes = 4096, kMaxKeyBytes = 2048;
constexpr std::uint64_t kTagCollection = 399, kTagCmw = 907;
constexpr std::uint64_t kEatCwtFormat = 263;  // CoAP content format of application/eat+cwt
constexpr std::int64_t kPlatform = 44234, kRealm = 44241;

// Where the platform token holds the hash of the realm's key, by its profile.
struct Profile {
  std::string_view name;
  std::int64_t binding;
};
constexpr std::int64_t kChallenge = 10, kWorkloadBinding = 2408;
constexpr Profile kProfiles[] = {
    {"http://arm.com/CCA-SSD/1.0.0", kChallenge},
    {"tag:arm.com,2023:cca_platform#1.0.0", kChallenge},
    {"tag:arm.com,2024:cca_platform#2.0.0", kChallenge},
    {"tag:arm.com,2026:cca_platform#2.0.0", kWorkloadBinding},
    {"tag:arm.com,2026:cca_platform#2.0.0;delegated", kWorkloadBinding},
    {"tag:arm.com,2026:cca_platform#2.1.0", kWorkloadBinding},
    {"tag:arm.com,2026:cca_platform#2.1.0;delegated", kWorkloadBinding},
};

Result<BytesView> payload_of(const CoseSign1& message) {
  if (!message.payload) return invalid("it has no payload");
  return BytesView(*message.payload);
}

// A tagged COSE_Sign1.
Result<CoseSign1> parse_message(BytesView bytes) {
  if (bytes.empty() || bytes[0] != std::byte{0xd2}) return invalid("no tag 18");
  return parse_cose_sign1(bytes, kArmRules);
}

// A claim is looked for by its profile, which may come after it: both challenges are kept until the end.
struct Bindings {
  Bytes challenge, workload;
};

Result<void> read_platform_claim(cbor::Reader& reader, const cbor::Key& key, CcaPlatformToken& out, Bindings& bindings,
                                 bool& lifecycle, bool& config) {
  if (key == 265) {
    out.profile = TRY(read_arm_text(reader));
  } else if (key == kChallenge) {
    bindings.challenge = TRY(read_arm_hash(reader));
  } else if (key == kWorkloadBinding) {
    bindings.workload = TRY(read_arm_hash(reader));
  } else if (key == 2396) {
    out.implementation_id = TRY(read_sized(reader, 32, 32));
  } else if (key == 256) {
    out.instance_id = TRY(read_arm_instance_id(reader));
  } else if (key == 2401) {
    out.config = TRY(read_sized(reader, 0, kMaxConfigBytes));
    config = true;
  } else if (key == 2395) {
    out.lifecycle = TRY(read_arm_lifecycle(reader));
    lifecycle = true;
  } else if (key == 2399) {
    out.components = TRY(read_arm_components(reader));
  } else if (key == 2400) {
    out.verification_service = TRY(read_arm_text(reader));
  } else if (key == 2402) {
    out.hash_algorithm = TRY(read_arm_text(reader));
  } else {
    TRY(reader.read_item());
  }
  return {};
}

Result<CcaPlatformToken> parse_platform(BytesView bytes) {
  CcaPlatformToken out;
  out.message = TRY(parse_message(bytes));
  Bindings bindings;
  bool lifecycle = false, config = false;
  cbor::Reader reader(TRY(payload_of(out.message)), kArmRules);
  TRY(reader.read_map([&](const cbor::Key& key) {
    return read_platform_claim(reader, key, out, bindings, lifecycle, config)
        .within(fmt::format("claim {}", key.to_string()));
  }));
  TRY(reader.finish());
  const auto* profile = std::ranges::find(kProfiles, out.profile, &Profile::name);
  if (profile == std::end(kProfiles)) return invalid("the profile \"{}\" is not known", out.profile);
  out.binding = profile->binding == kChallenge ? std::move(bindings.challenge) : std::move(bindings.workload);
  if (out.binding.empty()) return invalid("claim {}, which binds the realm token, is missing", profile->binding);
  if (out.implementation_id.empty()) return invalid("the implementation ID is missing");
  if (out.instance_id.empty()) return invalid("the instance ID is missing");
  if (!config) return invalid("the config is missing");
  if (!lifecycle) return invalid("the lifecycle is missing");
  if (out.components.empty()) return invalid("the software components are missing");
  if (out.hash_algorithm.empty()) return invalid("the hash algorithm is missing");
  return out;
}

Result<void> read_extensible(cbor::Reader& reader, CcaRealmToken& out) {
  TRY(reader.read_array_head(out.measurements.size()));
  for (Bytes& one : out.measurements) one = TRY(read_arm_hash(reader));
  return {};
}

Result<void> read_realm_claim(cbor::Reader& reader, const cbor::Key& key, CcaRealmToken& out) {
  if (key == 265) {
    out.profile = TRY(read_arm_text(reader));
  } else if (key == 10) {
    out.challenge = TRY(read_sized(reader, 64, 64));
  } else if (key == 44235) {
    out.personalization = TRY(read_sized(reader, 64, 64));
  } else if (key == 44236) {
    out.hash_algorithm = TRY(read_arm_text(reader));
  } else if (key == 44237) {
    out.public_key = TRY(read_sized(reader, 1, kMaxKeyBytes));
  } else if (key == 44238) {
    out.initial_measurement = TRY(read_arm_hash(reader));
  } else if (key == 44239) {
    TRY(read_extensible(reader, out));
  } else if (key == 44240) {
    out.key_hash_algorithm = TRY(read_arm_text(reader));
  } else {
    TRY(reader.read_item());
  }
  return {};
}

// virtCCA writes the claims as a byte string within the payload.
Result<BytesView> realm_claims_of(const CoseSign1& message, bool virtcca) {
  const BytesView payload = TRY(payload_of(message));
  cbor::Reader reader(payload, kArmRules);
  if (!virtcca || TRY(reader.peek()) != cbor::Type::kBytes) return payload;
  const BytesView inner = TRY(reader.read_bytes());
  TRY(reader.finish());
  return inner;
}

Result<CcaRealmToken> parse_realm(BytesView bytes, bool virtcca) {
  CcaRealmToken out;
  out.message = TRY(parse_message(bytes));
  cbor::Reader reader(TRY(realm_claims_of(out.message, virtcca)), kArmRules);
  TRY(reader.read_map([&](const cbor::Key& key) {
    return read_realm_claim(reader, key, out).within(fmt::format("claim {}", key.to_string()));
  }));
  TRY(reader.finish());
  if (out.challenge.empty()) return invalid("the challenge is missing");
  if (out.personalization.empty()) return invalid("the personalization value is missing");
  if (out.hash_algorithm.empty() || out.key_hash_algorithm.empty()) return invalid("a hash algorithm is missing");
  if (out.public_key.empty()) return invalid("the public key is missing");
  if (out.initial_measurement.empty()) return invalid("the initial measurement is missing");
  for (const Bytes& one : out.measurements) {
    if (one.size() != out.initial_measurement.size()) return invalid("measurements of unequal length, or none");
  }
  return out;
}

// The encoded token of an entry: of a CMW, it comes with its content format.
Result<BytesView> read_entry(cbor::Reader& reader, bool cmw) {
  if (!cmw) return TRY(reader.read_bytes());
  TRY(reader.read_array_head(2));
  const std::uint64_t format = TRY(reader.read_unsigned());
  if (format != kEatCwtFormat) return invalid("content format {}, not {}", format, kEatCwtFormat);
  return TRY(reader.read_bytes());
}

Result<CcaToken> parse(BytesView bytes) {
  if (bytes.size() > kMaxTokenBytes) return invalid("{} bytes are too many", bytes.size());
  cbor::Reader reader(bytes, kArmRules);
  const std::uint64_t tag = TRY(reader.read_tag());
  if (tag != kTagCollection && tag != kTagCmw) return invalid("tag {} is not 399 or 907", tag);
  std::optional<BytesView> platform, realm;
  TRY(reader.read_map([&](const cbor::Key& key) -> Result<void> {
    if (!(key == kPlatform) && !(key == kRealm)) return invalid("the collection has an entry {}", key.to_string());
    (key == kPlatform ? platform : realm) = TRY(read_entry(reader, tag == kTagCmw).within(key.to_string()));
    return {};
  }));
  TRY(reader.finish());
  if (!realm) return invalid("there is no realm token");
  CcaToken out;
  out.encoded = to_bytes(bytes);
  if (platform) out.platform = TRY(parse_platform(*platform).within("platform token"));
  out.realm = TRY(parse_realm(*realm, !platform).within("realm token"));
  return out;
}

}  // namespace

Result<CcaToken> parse_cca_token(BytesView bytes) { return parse(bytes).within("not a CCA token"); }

bool looks_like_cca_token(BytesView bytes) {
  // #6.399 or #6.907 in their three bytes, a map of one or two entries, and the key 44234 or 44241 in three bytes.
  if (bytes.size() < 7 || bytes[0] != std::byte{0xd9}) return false;
  const auto number = [&](std::size_t offset) {
    return std::to_integer<unsigned>(bytes[offset]) << 8 | std::to_integer<unsigned>(bytes[offset + 1]);
  };
  const unsigned tag = number(1), key = number(5);
  return (tag == kTagCollection || tag == kTagCmw) && (bytes[3] == std::byte{0xa1} || bytes[3] == std::byte{0xa2}) &&
         bytes[4] == std::byte{0x19} && (key == kPlatform || key == kRealm);
}

}  // namespace adyton
