// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/arm_claims.h"

#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxTextBytes = 256, kMaxComponents = 64, kInstanceIdBytes = 33;

Result<ArmSoftwareComponent> read_component(cbor::Reader& reader) {
  ArmSoftwareComponent out;
  const auto read_attribute = [&](const cbor::Key& key) -> Result<void> {
    if (key == 1) {
      out.type = TRY(read_arm_text(reader));
    } else if (key == 2) {
      out.measurement = TRY(read_arm_hash(reader));
    } else if (key == 4) {
      out.version = TRY(read_arm_text(reader));
    } else if (key == 5) {
      out.signer = TRY(read_arm_hash(reader));
    } else if (key == 6) {
      out.hash_algorithm = TRY(read_arm_text(reader));
    } else {
      TRY(reader.read_item());
    }
    return {};
  };
  TRY(reader.read_map(read_attribute));
  if (out.measurement.empty()) return invalid("a software component without a measurement");
  if (out.signer.empty()) return invalid("a software component without a signer");
  return out;
}

}  // namespace

std::string_view name_of(ArmLifecycle state) {
  switch (state) {
    case ArmLifecycle::kUnknown: return "unknown";
    case ArmLifecycle::kAssemblyAndTest: return "assembly and test";
    case ArmLifecycle::kProvisioning: return "RoT provisioning";
    case ArmLifecycle::kSecured: return "secured";
    case ArmLifecycle::kNonRootDebug: return "non-RoT debug";
    case ArmLifecycle::kRecoverableRootDebug: return "recoverable RoT debug";
    case ArmLifecycle::kDecommissioned: return "decommissioned";
  }
  return "unknown";
}

Result<Bytes> read_sized(cbor::Reader& reader, std::size_t least, std::size_t most) {
  const BytesView bytes = TRY(reader.read_bytes());
  if (bytes.size() < least || bytes.size() > most) {
    return invalid("{} bytes, not {} to {}", bytes.size(), least, most);
  }
  return to_bytes(bytes);
}

Result<Bytes> read_arm_hash(cbor::Reader& reader) {
  Bytes out = TRY(read_sized(reader, 32, 64));
  if (out.size() % 16 != 0) return invalid("a hash of {} bytes", out.size());
  return out;
}

Result<std::string> read_arm_text(cbor::Reader& reader) {
  const std::string_view text = TRY(reader.read_text());
  if (text.size() > kMaxTextBytes) return invalid("a text of {} bytes", text.size());
  return std::string(text);
}

Result<Bytes> read_arm_instance_id(cbor::Reader& reader) {
  Bytes out = TRY(read_sized(reader, kInstanceIdBytes, kInstanceIdBytes));
  if (out[0] != std::byte{1}) return invalid("it does not begin with 1");
  return out;
}

Result<std::uint16_t> read_arm_lifecycle(cbor::Reader& reader) {
  const std::uint64_t value = TRY(reader.read_unsigned());
  if (value > 0x60ff || (value & 0x0f00) != 0) return invalid("{} is no lifecycle", value);
  return static_cast<std::uint16_t>(value);
}

ArmLifecycle arm_lifecycle_state(std::uint16_t lifecycle) { return static_cast<ArmLifecycle>(lifecycle >> 8); }

Result<std::vector<ArmSoftwareComponent>> read_arm_components(cbor::Reader& reader) {
  std::vector<ArmSoftwareComponent> out;
  TRY(reader.read_array([&]() -> Result<void> {
    if (out.size() == kMaxComponents) return invalid("more than {} software components", kMaxComponents);
    out.push_back(TRY(read_component(reader)));
    return {};
  }));
  if (out.empty()) return invalid("no software components");
  return out;
}

}  // namespace adyton
