// SPDX-License-Identifier: Apache-2.0
// The forms in which NVIDIA's tools hand reports on.
#include "attest/evidence/nvidia_report.h"

#include <algorithm>

#include "attest/evidence/jwt.h"
#include "attest/evidence/wrapping_text.h"
#include "attest/json.h"
#include "base/base64.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxCertificates = 8;
constexpr std::size_t kMaxJsonBytes = std::size_t{4} << 20;

Result<std::vector<Certificate>> parse_certificates(std::string_view base64) {
  const Bytes pem = TRY(parse_base64(base64));
  std::vector<Certificate> out;
  for (const PemBlock& block : TRY(parse_pem_blocks(as_text(pem), kMaxCertificates))) {
    if (block.label != "CERTIFICATE") return invalid("a PEM block \"{}\"", block.label.substr(0, 64));
    out.push_back(TRY(Certificate::parse(block.der)));
  }
  if (out.empty()) return invalid("there is none");
  return out;
}

Result<std::string> optional_text(const Json& json, std::string_view name) {
  const Json* value = find(&json, name);
  const auto text = text_of(value);
  if (value && !text) return invalid("{} is not text", name);
  return std::string(text.value_or(""));
}

Result<NvidiaEvidence::Device> parse_device(const Json& json) {
  NvidiaEvidence::Device out;
  const auto report = text_of(find(&json, "evidence")), certificates = text_of(find(&json, "certificate"));
  if (!report || !certificates) return invalid("evidence or certificate is missing");
  out.report = TRY(parse_nvidia_report(TRY(parse_base64(*report).within("evidence"))));
  out.certificates = TRY(parse_certificates(*certificates).within("certificate"));
  out.architecture = TRY(optional_text(json, "arch"));
  out.nonce = TRY(parse_hex(TRY(optional_text(json, "nonce"))).within("nonce"));
  out.driver_version = TRY(optional_text(json, "driver_version"));
  out.vbios_version = TRY(optional_text(json, "vbios_version"));
  return out;
}

Result<NvidiaEvidence> parse(BytesView bytes) {
  const std::string_view text = without_line_end(as_text(bytes));
  NvidiaEvidence out;
  if (!text.starts_with('[')) {
    const std::optional<Bytes> decoded = decode_loose_hex(text);
    out.devices.push_back({TRY(parse_nvidia_report(decoded ? *decoded : bytes))});
    return out;
  }
  const Json list = TRY(parse_json(text, {.bytes = kMaxJsonBytes}));
  if (!list.is_array() || list.empty()) return invalid("a list without devices");
  if (list.size() > kMaxNvidiaDevices) return exhausted("{} devices", list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    out.devices.push_back(TRY(parse_device(list[i]).within(fmt::format("device {}", i))));
  }
  return out;
}

}  // namespace

Result<NvidiaEvidence> parse_nvidia_evidence(BytesView bytes) { return parse(bytes).within("not NVIDIA evidence"); }

bool looks_like_nvidia_evidence(BytesView bytes) {
  if (looks_like_nvidia_report(bytes)) return true;
  const std::string_view text = as_text(bytes);
  // Whichever comes first in the object, all three are there.
  return text.starts_with('[') && text.contains("\"evidence\"") && text.contains("\"certificate\"") &&
         text.contains("\"nonce\"");
}

}  // namespace adyton
