// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/psa_token.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxTokenBytes = 16384;
constexpr std::string_view kIot1 = "PSA_IOT_PROFILE_1", kTfm2 = "http://arm.com/psa/2.0.0",
                           kRfc9783 = "tag:psacertified.org,2023:psa#tfm";

// Labels of claims.
struct Labels {
  std::int64_t profile, client_id, lifecycle, implementation_id, boot_seed, certification_reference, components,
      no_components, nonce, instance_id, verification_service;
};
constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();
constexpr Labels kOldLabels{-75000, -75001, -75002, -75003, -75004, -75005, -75006, -75007, -75008, -75009, -75010};
constexpr Labels kTfmLabels{265, 2394, 2395, 2396, 2397, 2398, 2399, kNone, 10, 256, 2400};
constexpr Labels kNewLabels{265, 2394, 2395, 2396, 268, 2398, 2399, kNone, 10, 256, 2400};

Result<std::string> read_profile(BytesView payload) {
  std::string out;
  cbor::Reader reader(payload, kArmRules);
  TRY(reader.read_map([&](const cbor::Key& key) -> Result<void> {
    const bool wanted = (key == kOldLabels.profile || key == kNewLabels.profile);
    if (wanted && !out.empty()) return invalid("two profiles");
    if (wanted) {
      out = TRY(read_arm_text(reader));
      if (out.empty()) return invalid("an empty profile");
    } else {
      TRY(reader.read_item());
    }
    return {};
  }));
  TRY(reader.finish());
  return out;
}

Result<std::int32_t> read_client_id(cbor::Reader& reader) {
  const std::int64_t value = TRY(reader.read_integer());
  if (value < std::numeric_limits<std::int32_t>::min() || value > std::numeric_limits<std::int32_t>::max()) {
    return invalid("{} is beyond 32 bits", value);
  }
  return static_cast<std::int32_t>(value);
}

// What must be there and was.
struct Seen {
  bool client_id = false, lifecycle = false, no_components = false;
};

Result<void> read_claim(cbor::Reader& reader, const cbor::Key& key, const Labels& labels, PsaToken& out, Seen& seen) {
  if (key == labels.nonce) {
    out.nonce = TRY(read_arm_hash(reader));
  } else if (key == labels.instance_id) {
    out.instance_id = TRY(read_arm_instance_id(reader));
  } else if (key == labels.implementation_id) {
    out.implementation_id = TRY(read_sized(reader, 32, 32));
  } else if (key == labels.client_id) {
    out.client_id = TRY(read_client_id(reader));
    seen.client_id = true;
  } else if (key == labels.lifecycle) {
    out.lifecycle = TRY(read_arm_lifecycle(reader));
    seen.lifecycle = true;
  } else if (key == labels.boot_seed) {
    out.boot_seed = TRY(read_sized(reader, 8, 32));
  } else if (key == labels.certification_reference) {
    out.certification_reference = TRY(read_arm_text(reader));
  } else if (key == labels.components) {
    out.components = TRY(read_arm_components(reader));
  } else if (key == labels.verification_service) {
    out.verification_service = TRY(read_arm_text(reader));
  } else if (labels.no_components != kNone && key == labels.no_components) {
    if (TRY(reader.read_unsigned()) != 1) return invalid("it is not 1");
    seen.no_components = true;
  } else {
    TRY(reader.read_item());
  }
  return {};
}

Result<void> parse_claims(PsaToken& out) {
  const Labels& labels = out.profile == PsaProfile::kIot1   ? kOldLabels
                         : out.profile == PsaProfile::kTfm2 ? kTfmLabels
                                                            : kNewLabels;
  Seen seen;
  cbor::Reader reader(out.payload(), kArmRules);
  TRY(reader.read_map([&](const cbor::Key& key) {
    return read_claim(reader, key, labels, out, seen).within(fmt::format("claim {}", key.to_string()));
  }));
  if (out.nonce.empty()) return invalid("the nonce is missing");
  if (out.instance_id.empty()) return invalid("the instance ID is missing");
  if (out.implementation_id.empty()) return invalid("the implementation ID is missing");
  if (!seen.client_id) return invalid("the client ID is missing");
  if (!seen.lifecycle) return invalid("the security lifecycle is missing");
  if (out.components.empty() != seen.no_components) {
    return invalid("software components, or that there are none, must be said: one of both");
  }
  return {};
}

Result<PsaToken> parse(BytesView bytes) {
  constexpr std::byte kMac0{0xd1}, kSign1{0xd2};  // tags 17 and 18
  if (bytes.size() > kMaxTokenBytes) return invalid("{} bytes are too many", bytes.size());
  if (bytes.empty() || (bytes[0] != kMac0 && bytes[0] != kSign1)) return invalid("no tag 17 or 18");
  PsaToken out;
  out.encoded = to_bytes(bytes);
  if (bytes[0] == kMac0) {
    out.message = TRY(parse_cose_mac0(bytes, kArmRules));
  } else {
    CoseSign1 message = TRY(parse_cose_sign1(bytes, kArmRules));
    if (!message.payload) return invalid("it has no payload");
    out.message = std::move(message);
  }
  out.profile_name = TRY(read_profile(out.payload()));
  if (out.profile_name.empty() || out.profile_name == kIot1) {
    out.profile = PsaProfile::kIot1;
  } else if (out.profile_name == kTfm2) {
    out.profile = PsaProfile::kTfm2;
  } else if (out.profile_name == kRfc9783) {
    out.profile = PsaProfile::kRfc9783;
  } else {
    return invalid("the profile {} is not known", out.profile_name);
  }
  TRY(parse_claims(out));
  return out;
}

}  // namespace

BytesView PsaToken::payload() const {
  if (const auto* mac0 = std::get_if<CoseMac0>(&message)) return mac0->payload;
  const auto& payload = std::get<CoseSign1>(message).payload;
  return payload ? BytesView(*payload) : BytesView();
}

Result<PsaToken> parse_psa_token(BytesView bytes) { return parse(bytes).within("not a PSA token"); }

bool looks_like_psa_token(BytesView bytes) {
  if (bytes.size() < 8 || bytes.size() > kMaxTokenBytes) return false;
  if ((bytes[0] != std::byte{0xd1} && bytes[0] != std::byte{0xd2}) || bytes[1] != std::byte{0x84}) return false;
  const std::string_view text = as_text(bytes);
  return std::ranges::any_of(std::to_array({kIot1, kTfm2, kRfc9783}),
                             [&](std::string_view name) { return text.contains(name); });
}

}  // namespace adyton
