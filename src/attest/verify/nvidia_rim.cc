// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/nvidia_rim.h"

#include <algorithm>
#include <map>

#include "attest/verify/chain.h"
#include "attest/verify/nvidia_report.h"
#include "base/error.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

// The measurement of NVDEC0's firmware: there is none to compare where that engine is switched off (nvtrust,
// verifier.py).
constexpr unsigned kNvdec0Index = 35;
constexpr std::byte kDisabled{0x55};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::string upper_without_dots(std::string text) {
  std::erase(text, '.');
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

// The names in NVIDIA's service (nvtrust, cc_admin_utils.py).
std::string where_manifests_are(const NvidiaReport& report) {
  constexpr std::string_view kService = "https://rim.attestation.nvidia.com/v1/rim/";
  const std::string driver = report.text(NvidiaField::kDriverVersion);
  if (driver.empty())
    return fmt::format("those of the VBIOS {} are in NVIDIA's service {}", report.vbios_version(), kService);
  const std::string chip = report.text(NvidiaField::kChipInfo);
  const std::string driver_id =
      chip.empty() ? "NV_GPU_DRIVER_GH100_" + driver : fmt::format("NV_GPU_CC_DRIVER_{}_{}", chip, driver);
  return fmt::format("{0}{1} and {0}NV_GPU_VBIOS_{2}_{3}_{4}_{5}", kService, driver_id,
                     report.text(NvidiaField::kProject), report.text(NvidiaField::kProjectSku),
                     report.text(NvidiaField::kChipSku), upper_without_dots(report.vbios_version()));
}

// All active values of the manifests, by index; which manifest two of which have the same is a failed check.
std::map<unsigned, const NvidiaRim::Reference*> join(const std::vector<NvidiaRim>& rims, Findings& findings) {
  std::map<unsigned, const NvidiaRim::Reference*> out;
  for (const NvidiaRim& rim : rims) {
    for (const NvidiaRim::Reference& reference : rim.references) {
      if (!reference.active || out.emplace(reference.index, &reference).second) continue;
      findings.fail(kNvidiaReference,
                    fmt::format("two manifests have a value for measurement {}", reference.index + 1));
    }
  }
  return out;
}

void compare(const NvidiaReport& report, const std::vector<NvidiaRim>& rims, Findings& findings) {
  const Bytes* nvdec0 = report.find(NvidiaField::kNvdec0Status);
  const bool without_nvdec0 = nvdec0 && nvdec0->size() == 1 && (*nvdec0)[0] == kDisabled;
  std::string wrong;
  std::size_t compared = 0;
  for (const auto& [index, reference] : join(rims, findings)) {
    if (index == kNvdec0Index && without_nvdec0) continue;
    ++compared;
    const auto* measurement = report.find_measurement(static_cast<std::uint8_t>(index + 1));
    if (measurement && std::ranges::find(reference->alternatives, measurement->value) != reference->alternatives.end())
      continue;
    wrong += fmt::format("{}{}", wrong.empty() ? "" : ", ", index + 1);
  }
  if (!wrong.empty()) {
    findings.fail(kNvidiaReference,
                  fmt::format("of {} measurements, these are not as they should be: {}", compared, wrong));
  } else if (compared == 0) {
    findings.miss(kNvidiaReference, "the manifests have no active values");
  } else {
    findings.pass(kNvidiaReference, fmt::format("{} measurements are as they should be", compared));
  }
}

// A driver's version has a manifest for each chip. Reports of the first chip do not say which they are of.
void keep_this_chips(const NvidiaReport& report, std::string_view driver, std::vector<NvidiaRim>& rims) {
  const std::string said = report.text(NvidiaField::kChipInfo), chip = lower(said.empty() ? "GH100" : said);
  const auto of_driver = [&](const NvidiaRim& rim) { return lower(rim.version) == driver; };
  const auto of_chip = [&](const NvidiaRim& rim) { return lower(rim.name) == chip; };
  const bool found = std::ranges::any_of(rims, [&](const NvidiaRim& rim) { return of_driver(rim) && of_chip(rim); });
  if (found) std::erase_if(rims, [&](const NvidiaRim& rim) { return of_driver(rim) && !of_chip(rim); });
}

}  // namespace

bool verify_nvidia_rim(const NvidiaRim& rim, const VerifyContext& context, Findings& findings) {
  const Certificate& signer = rim.certificates[0];
  const ChainRules rules{.use = AnchorUse::kNvidiaRim, .what = kRimChain, .roles = {}, .leaf_signs = true};
  const bool trusted = verify_chain(signer, rim.certificates, rules, context, findings);
  if (!std::ranges::equal(sha384(as_bytes(rim.signed_content)), rim.digest)) {
    findings.fail(kRimSignature, "the manifest is not what was signed: its digest is another");
    return false;
  }
  const auto verified = signer.key().verify(SignatureAlgorithm::kEcdsaSha384, as_bytes(rim.signed_info), rim.signature,
                                            EcdsaForm::kRaw, context.seen);
  if (!verified) {
    findings.fail(kRimSignature, fmt::format("the signature over the manifest was not made by {}: {}",
                                             signer.subject().text, verified.error().message));
    return false;
  }
  if (trusted) {
    findings.pass(kRimSignature, fmt::format("XML signature, ECDSA with SHA-384 by {}", signer.subject().text));
  } else {
    findings.note(kRimSignature, fmt::format("made by {}, for which no trusted root vouches", signer.subject().text));
  }
  return trusted;
}

void check_reference_values(const NvidiaReport& report, const VerifyContext& context, Findings& findings) {
  const std::string driver = lower(report.text(NvidiaField::kDriverVersion)), vbios = lower(report.vbios_version());
  std::vector<NvidiaRim> rims;
  bool for_driver = false, for_vbios = false;
  for (const auto& document : context.collateral.documents()) {
    if (!looks_like_nvidia_rim(document.bytes)) continue;
    auto rim = parse_nvidia_rim(document.bytes);
    if (!rim) {
      findings.fail(kNvidiaReference, fmt::format("{}: {}", document.name, rim.error().message));
      continue;
    }
    const std::string version = lower(rim->version);
    if (version != driver && version != vbios) continue;
    (version == driver ? for_driver : for_vbios) = true;
    rims.push_back(*std::move(rim));
  }
  keep_this_chips(report, driver, rims);
  for (const NvidiaRim& rim : rims) {
    Findings part;
    part.claims.platform = "nvidia-rim";
    verify_nvidia_rim(rim, context, part);
    findings.parts.push_back({"manifest " + rim.version, std::move(part)});
  }
  if (rims.empty()) {
    findings.note(kNvidiaReference,
                  "the measurements are not compared with anything: no manifest of this driver or VBIOS was given; "
                  "NVIDIA has " +
                      where_manifests_are(report));
    return;
  }
  compare(report, rims, findings);
  if (!for_vbios) findings.note(kNvidiaReference, "there was no manifest of the VBIOS " + report.vbios_version());
  if (!for_driver && !driver.empty())
    findings.note(kNvidiaReference, "there was no manifest of the driver " + report.text(NvidiaField::kDriverVersion));
}

}  // namespace adyton
