// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/nvidia_report.h"

#include <algorithm>

#include "attest/verify/chain.h"
#include "attest/verify/dice.h"
#include "attest/verify/nvidia_rim.h"
#include "base/error.h"
#include "base/zeros.h"

namespace adyton {
namespace {

using Device = NvidiaEvidence::Device;

constexpr std::size_t kMaxCandidates = 64;  // certificates of the collateral that are tried

Result<void> verify_signature(const NvidiaReport& report, const Certificate& leaf, const VerifyContext& context) {
  if (leaf.key().type() != KeyType::kP384) return invalid("its key is of type {}", name_of(leaf.key().type()));
  return leaf.key().verify(SignatureAlgorithm::kEcdsaSha384, report.signed_part(), report.signature(), EcdsaForm::kRaw,
                           context.seen);
}

// For a report that came alone: of the collateral, the certificate whose key signed it; else one of another attestation
// key, by preference for the same firmware, to tell whose signature it is not.
std::optional<Certificate> find_leaf(const NvidiaReport& report, const VerifyContext& context) {
  const Bytes* firmware_id = report.find(NvidiaField::kFwid);
  std::optional<Certificate> alike, other;
  std::size_t tried = 0;
  for (const Certificate& certificate : context.collateral.certificates()) {
    const auto& constraints = certificate.basic_constraints();
    if (certificate.key().type() != KeyType::kP384 || (constraints && constraints->ca)) continue;
    if (++tried > kMaxCandidates) break;
    if (verify_signature(report, certificate, context)) return certificate;
    const auto identity = dice_identity_of(certificate);
    if (!identity || !*identity) continue;
    other = certificate;
    if (firmware_id && (*identity)->firmware_id == *firmware_id) alike = certificate;
  }
  return alike ? alike : other;
}

void check_firmware(const NvidiaReport& report, const Certificate& leaf, Findings& findings) {
  const auto identity = dice_identity_of(leaf);
  if (!identity) return findings.fail(kNvidiaFirmware, identity.error().message);
  if (!*identity) return findings.fail(kNvidiaFirmware, "the certificate of the attestation key names no firmware");
  const Bytes& certified = (*identity)->firmware_id;
  const Bytes* reported = report.find(NvidiaField::kFwid);
  if (!reported) {
    findings.note(kNvidiaFirmware,
                  fmt::format("the report names no firmware; the certificate names {}", to_hex(certified)));
  } else if (*reported != certified) {
    findings.fail(kNvidiaFirmware, fmt::format("the report says {}, the certificate of its key {}", to_hex(*reported),
                                               to_hex(certified)));
  } else {
    findings.pass(kNvidiaFirmware, to_hex(certified));
  }
  const Bytes& device = (*identity)->issuer_spki;
  if (device.empty() || findings.chain.size() < 2) return;
  if (std::ranges::equal(device, findings.chain[1].certificate.key().spki())) {
    findings.pass(kNvidiaDevice, findings.chain[1].certificate.subject().text);
  } else {
    findings.fail(kNvidiaDevice,
                  "the attestation key's certificate names another device key than the one that signed it");
  }
}

void check_report(const Device& device, const VerifyContext& context, Findings& findings) {
  const std::optional<Certificate> leaf =
      device.certificates.empty() ? find_leaf(device.report, context) : std::optional(device.certificates[0]);
  if (!leaf) {
    return findings.miss(kNvidiaChain,
                         "the certificates of the device, which its driver gives out beside the report "
                         "(nvmlDeviceGetConfComputeGpuCertificate)");
  }
  const ChainRules rules{.use = AnchorUse::kNvidiaDevice, .what = kNvidiaChain, .roles = {}, .leaf_signs = true};
  const bool trusted = verify_chain(*leaf, device.certificates, rules, context, findings);
  const auto verified = verify_signature(device.report, *leaf, context);
  if (!verified) {
    findings.fail(kNvidiaSignature, fmt::format("the signature over the report was not made by {}: {}",
                                                leaf->subject().text, verified.error().message));
  } else if (!trusted) {
    findings.note(kNvidiaSignature, fmt::format("made by {}, for which no trusted root vouches", leaf->subject().text));
  } else {
    findings.pass(kNvidiaSignature, fmt::format("ECDSA with SHA-384 by {}", leaf->subject().text));
  }
  check_firmware(device.report, *leaf, findings);
  if (findings.claims.hardware_model.empty())
    findings.claims.hardware_model = leaf->subject().common_name().value_or("");
  findings.note(kNvidiaRevocation,
                "NVIDIA answers for single devices by OCSP (http://ocsp.ndis.nvidia.com), which is not asked "
                "here; revocation lists are used if they are given");
}

void check_beside(const Device& device, Findings& findings) {
  const NvidiaReport& report = device.report;
  if (!device.nonce.empty()) {
    if (std::ranges::equal(device.nonce, report.nonce)) {
      findings.pass(kNvidiaNonce, "the report answers the request that it says it does");
    } else {
      findings.fail(kNvidiaNonce,
                    fmt::format("the report answers the nonce {}, not {}", to_hex(report.nonce), to_hex(device.nonce)));
    }
  }
  const auto compare = [&](std::string_view what, const std::string& beside, const std::string& reported) {
    if (beside.empty() || beside == reported) return;
    findings.fail(kNvidiaVersions,
                  fmt::format("the {} is said to be {}, but the report says {}", what, beside.substr(0, 64), reported));
  };
  compare("driver's version", device.driver_version, report.text(NvidiaField::kDriverVersion));
  compare("VBIOS's version", device.vbios_version, report.vbios_version());
}

std::string field_text(const NvidiaReport& report, const NvidiaReport::Field& field) {
  switch (field.field) {
    case NvidiaField::kVbiosVersion: return report.vbios_version();
    case NvidiaField::kDriverVersion:
    case NvidiaField::kChipSku:
    case NvidiaField::kChipSkuMod:
    case NvidiaField::kProject:
    case NvidiaField::kProjectSku:
    case NvidiaField::kProjectSkuMod:
    case NvidiaField::kChipInfo: return report.text(field.field);
    default: return to_hex(field.value);
  }
}

void read_claims(const Device& device, Findings& findings) {
  const NvidiaReport& report = device.report;
  Claims& claims = findings.claims;
  claims.platform = report.find(NvidiaField::kDriverVersion) ? "nvidia-gpu" : "nvidia-switch";
  claims.hardware_model = report.text(NvidiaField::kChipInfo);
  if (const Bytes* firmware_id = report.find(NvidiaField::kFwid)) claims.measurement = *firmware_id;
  claims.report_data.assign(report.nonce.begin(), report.nonce.end());
  for (const NvidiaReport::Measurement& measurement : report.measurements) {
    if (!all_zero(measurement.value)) {
      claims.boot_chain.push_back({fmt::format("measurement {}", measurement.index), measurement.value});
    }
  }
  if (!device.architecture.empty()) findings.fields.push_back({"arch", device.architecture});
  findings.fields.push_back({"nonce", to_hex(report.nonce)});
  findings.fields.push_back({"responder nonce", to_hex(report.responder_nonce)});
  for (const NvidiaReport::Field& field : report.fields) {
    findings.fields.push_back({name_of(field.field), field_text(report, field)});
  }
}

// A good device must not stand for those that are kept back. Published samples are lists of one device, though.
void note_repetitions(const std::vector<Device>& devices, Findings& findings) {
  const auto key_of = [](const Device& device) {
    return device.certificates.empty() ? BytesView() : device.certificates[0].key().spki();
  };
  for (std::size_t i = 1; i < devices.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!std::ranges::equal(key_of(devices[i]), key_of(devices[j]))) continue;
      findings.note(kNvidiaDevice,
                    fmt::format("device {} is device {} once more: both have one attestation key", i, j));
    }
  }
}

Findings verify_device(const Device& device, const VerifyContext& context) {
  Findings findings;
  read_claims(device, findings);
  check_report(device, context, findings);
  check_beside(device, findings);
  check_reference_values(device.report, context, findings);
  return findings;
}

}  // namespace

Findings verify_nvidia_evidence(const NvidiaEvidence& evidence, const VerifyContext& context) {
  if (evidence.devices.size() == 1) return verify_device(evidence.devices[0], context);
  Findings findings;
  findings.claims.platform = "nvidia";
  const auto& nonce = evidence.devices[0].report.nonce;
  const bool same =
      std::ranges::all_of(evidence.devices, [&](const Device& device) { return device.report.nonce == nonce; });
  if (same) {
    findings.claims.report_data.assign(nonce.begin(), nonce.end());
    findings.pass(kNvidiaNonce, "all devices answer the same nonce");
  } else {
    findings.fail(kNvidiaNonce, "the devices answer different nonces");
  }
  note_repetitions(evidence.devices, findings);
  for (std::size_t i = 0; i < evidence.devices.size(); ++i) {
    findings.parts.push_back({fmt::format("device {}", i), verify_device(evidence.devices[i], context)});
  }
  return findings;
}

}  // namespace adyton
