// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/snp_report.h"

#include <algorithm>

#include "base/cursor.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::uint32_t kEcdsaP384Sha384 = 1;  // "Signature Algorithm Encodings" (chapter 10)
constexpr std::uint64_t kPolicyMustBeOne = std::uint64_t{1} << 17;
constexpr std::uint64_t kPolicyReserved = ~std::uint64_t{0x3ffffff};  // bits 63:26
constexpr std::size_t kNumberBytes = 72, kOrderBytes = 48, kSignatureBytes = 512;

struct Gap {
  std::size_t from, to;
};

Result<void> require_zero(BytesView bytes, Gap gap) {
  const auto reserved = bytes.subspan(gap.from, gap.to - gap.from);
  if (std::ranges::any_of(reserved, [](std::byte b) { return b != std::byte{0}; })) {
    return invalid("the reserved bytes from {:#x} to {:#x} are not all zero", gap.from, gap.to - 1);
  }
  return {};
}

// Everything the specification calls "must be zero" and no known firmware sets.
Result<void> check_reserved(BytesView bytes, std::uint32_t version) {
  TRY(require_zero(bytes, {0x4c, 0x50}));
  TRY(require_zero(bytes, {version >= 3 ? std::size_t{0x18b} : 0x188, 0x1a0}));
  TRY(require_zero(bytes, {0x1eb, 0x1ec}));
  TRY(require_zero(bytes, {0x1ef, 0x1f0}));
  TRY(require_zero(bytes, {version >= 5 ? std::size_t{0x208} : 0x1f8, SnpReport::kSignedBytes}));
  constexpr std::size_t kR = SnpReport::kSignedBytes, kS = kR + kNumberBytes;
  TRY(require_zero(bytes, {kR + kOrderBytes, kR + kNumberBytes}));
  TRY(require_zero(bytes, {kS + kOrderBytes, kS + kNumberBytes}));
  return require_zero(bytes, {kS + kNumberBytes, kR + kSignatureBytes});
}

Result<void> read_flags(std::uint32_t flags, SnpReport& out) {
  if ((flags >> 5) != 0) return invalid("reserved bits at 0x48 are set: {:#x}", flags);
  out.author_key_enabled = (flags & 1) != 0;
  out.chip_key_masked = (flags & 2) != 0;
  const std::uint32_t key = flags >> 2;
  if (key != 0 && key != 1 && key != 7) return invalid("SIGNING_KEY {} is none that is known", key);
  out.signing_key = static_cast<SnpSigningKey>(key);
  return {};
}

SnpVersion version_at(BytesView bytes, std::size_t offset) {
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint8_t>(bytes[offset + i]); };
  return {.major = at(2), .minor = at(1), .build = at(0)};
}

Result<SnpReport> parse(BytesView bytes) {
  if (bytes.size() < SnpReport::kBytes) {
    return invalid("truncated: {} of {} bytes", bytes.size(), SnpReport::kBytes);
  }
  if (bytes.size() > SnpReport::kBytes) return invalid("{} bytes instead of {}", bytes.size(), SnpReport::kBytes);
  SnpReport out;
  out.version = load_le<std::uint32_t>(bytes, 0);
  if (out.version < 2 || out.version > 5) return invalid("version {} is none of 2 to 5", out.version);
  const auto algorithm = load_le<std::uint32_t>(bytes, 0x34);
  if (algorithm != kEcdsaP384Sha384) return invalid("signature algorithm {} is not ECDSA P-384", algorithm);
  TRY(check_reserved(bytes, out.version));
  TRY(read_flags(load_le<std::uint32_t>(bytes, 0x48), out));
  out.policy.raw = load_le<std::uint64_t>(bytes, 0x08);
  if ((out.policy.raw & kPolicyMustBeOne) == 0) return invalid("bit 17 of the policy is not one");
  if ((out.policy.raw & kPolicyReserved) != 0) return invalid("the policy {:#x} has unknown bits", out.policy.raw);
  std::ranges::copy(bytes, out.bytes.begin());
  out.guest_svn = load_le<std::uint32_t>(bytes, 0x04);
  out.vmpl = load_le<std::uint32_t>(bytes, 0x30);
  if (out.vmpl > 3 && out.vmpl != 0xffffffff) return invalid("VMPL {} is none of 0 to 3", out.vmpl);
  out.current_tcb.raw = load_le<std::uint64_t>(bytes, 0x38);
  out.platform_info = load_le<std::uint64_t>(bytes, 0x40);
  out.reported_tcb.raw = load_le<std::uint64_t>(bytes, 0x180);
  if (out.version >= 3) {
    out.cpuid_family = std::to_integer<std::uint8_t>(bytes[0x188]);
    out.cpuid_model = std::to_integer<std::uint8_t>(bytes[0x189]);
    out.cpuid_stepping = std::to_integer<std::uint8_t>(bytes[0x18a]);
  }
  out.committed_tcb.raw = load_le<std::uint64_t>(bytes, 0x1e0);
  out.current_version = version_at(bytes, 0x1e8);
  out.committed_version = version_at(bytes, 0x1ec);
  out.launch_tcb.raw = load_le<std::uint64_t>(bytes, 0x1f0);
  if (out.version >= 5) {
    out.launch_mit_vector = load_le<std::uint64_t>(bytes, 0x1f8);
    out.current_mit_vector = load_le<std::uint64_t>(bytes, 0x200);
  }
  return out;
}

}  // namespace

std::string_view name_of(SnpProduct product) {
  switch (product) {
    case SnpProduct::kMilan: return "Milan";
    case SnpProduct::kGenoa: return "Genoa";
    case SnpProduct::kTurin: return "Turin";
    case SnpProduct::kUnknown: break;
  }
  return "unknown";
}

SnpTcbParts SnpTcb::parts(SnpProduct product) const {
  const auto part = [&](unsigned index) { return static_cast<std::uint8_t>(raw >> (8 * index)); };
  if (product == SnpProduct::kTurin) {
    return {.fmc = part(0), .boot_loader = part(1), .tee = part(2), .snp = part(3), .microcode = part(7)};
  }
  return {.fmc = 0, .boot_loader = part(0), .tee = part(1), .snp = part(6), .microcode = part(7)};
}

bool SnpReport::chip_id_masked() const {
  return std::ranges::all_of(chip_id(), [](std::byte b) { return b == std::byte{0}; });
}

std::array<std::byte, 96> SnpReport::signature() const {
  std::array<std::byte, 96> out;
  std::ranges::reverse_copy(view(kSignedBytes, kOrderBytes), out.begin());
  std::ranges::reverse_copy(view(kSignedBytes + kNumberBytes, kOrderBytes), out.begin() + kOrderBytes);
  return out;
}

SnpProduct SnpReport::product() const {
  // Extended family and model as in CPUID Fn0000_0001: Milan 19h 0xh, Genoa 19h 1xh, Bergamo and Siena 19h Axh (whose
  // keys are Genoa's), Turin 1Ah 00h to 11h.
  const unsigned model = cpuid_model;
  if (cpuid_family == 0x19 && model <= 0x0f) return SnpProduct::kMilan;
  if (cpuid_family == 0x19 && ((model >= 0x10 && model <= 0x1f) || (model >= 0xa0 && model <= 0xaf))) {
    return SnpProduct::kGenoa;
  }
  if (cpuid_family == 0x1a && model <= 0x11) return SnpProduct::kTurin;
  return SnpProduct::kUnknown;
}

Result<SnpReport> parse_snp_report(BytesView bytes) {
  auto report = parse(bytes);
  if (!report) return std::move(report).within("not a SEV-SNP report");
  return report;
}

bool looks_like_snp_report(BytesView bytes) {
  constexpr std::size_t kEnough = 0x50;
  if (bytes.size() < kEnough) return false;
  const auto version = load_le<std::uint32_t>(bytes, 0);
  return version >= 1 && version <= 8 && load_le<std::uint32_t>(bytes, 0x34) == kEcdsaP384Sha384 &&
         (load_le<std::uint64_t>(bytes, 0x08) & kPolicyMustBeOne) != 0 && load_le<std::uint32_t>(bytes, 0x4c) == 0;
}

}  // namespace adyton
