// SPDX-License-Identifier: Apache-2.0
#include "testing/fake_amd.h"

#include <algorithm>
#include <array>

#include "base/cursor.h"

namespace adyton::testing {
namespace {

constexpr std::string_view kAmdArcs = "1.3.6.1.4.1.3704.1.";

std::string amd_name(std::string_view common_name) {
  return "CN=" + std::string(common_name) + ",O=Advanced Micro Devices,OU=Engineering,C=US,L=Santa Clara,ST=CA";
}

// RSA with PSS and SHA-384, as AMD has it, if with shorter keys: they are only made faster.
FakeOptions authority(unsigned slot) {
  return {.key = KeyType::kRsa, .key_slot = slot, .algorithm = SignatureAlgorithm::kRsaPssSha384};
}

std::string named(std::string_view prefix, SnpProduct product) {
  return amd_name(std::string(prefix) + std::string(name_of(product)));
}

Bytes integer(std::uint64_t value) {
  der::Writer writer;
  writer.integer(value);
  return writer.take();
}

Bytes text(std::string_view value) {
  der::Writer writer;
  writer.text(der::kIa5String, value);
  return writer.take();
}

// Bytes of TCB_VERSION by number of the extension 1.3.6.1.4.1.3704.1.3.n.
struct Level {
  std::uint8_t number;
  unsigned byte;
};
constexpr std::array<Level, 8> kMilan{{{1, 0}, {2, 1}, {4, 2}, {5, 3}, {6, 4}, {7, 5}, {3, 6}, {8, 7}}};
constexpr std::array<Level, 8> kTurin{{{9, 0}, {1, 1}, {2, 2}, {3, 3}, {5, 4}, {6, 5}, {7, 6}, {8, 7}}};

FakeOptions leaf_options(SnpProduct product, const FakeLeafOptions& leaf, bool vlek) {
  FakeOptions out = leaf.certificate;
  out.key = KeyType::kP384;
  if (!out.algorithm) out.algorithm = SignatureAlgorithm::kRsaPssSha384;
  const auto add = [&](const std::string& arcs, Bytes value) {
    out.extensions.push_back({oid(std::string(kAmdArcs) + arcs), std::move(value)});
  };
  add("1", integer(product == SnpProduct::kTurin ? 1 : 0));
  add("2", text(leaf.product_name.value_or(std::string(name_of(product)))));
  const SnpTcb tcb = leaf.tcb.value_or(fake_snp_tcb(product));
  for (const Level& level : product == SnpProduct::kTurin ? kTurin : kMilan) {
    if (leaf.without_level == level.number) continue;
    add("3." + std::to_string(level.number), integer((tcb.raw >> (8 * level.byte)) & 0xff));
  }
  if (vlek) {
    add("5", text(leaf.csp_id));
  } else {
    Bytes chip = leaf.chip_id.value_or(fake_chip_id(product));
    if (product == SnpProduct::kTurin) chip.resize(8);
    add("4", std::move(chip));
  }
  return out;
}

}  // namespace

Bytes fake_chip_id(SnpProduct product) {
  Bytes out(64);
  for (std::size_t i = 0; i < (product == SnpProduct::kTurin ? 8 : 64); ++i) out[i] = static_cast<std::byte>(0xa0 + i);
  return out;
}

SnpTcb fake_snp_tcb(SnpProduct product) {
  constexpr std::array<std::uint8_t, 8> kMilanTcb{4, 0, 0, 0, 0, 0, 24, 219}, kTurinTcb{1, 4, 0, 24, 0, 0, 0, 219};
  return {load_le<std::uint64_t>(std::as_bytes(std::span(product == SnpProduct::kTurin ? kTurinTcb : kMilanTcb)))};
}

FakeAmd::FakeAmd(SnpProduct of)
    : product(of),
      ark(FakeCa::root(named("ARK-", of), authority(0))),
      ask(ark.issue_ca(named("SEV-", of), authority(1))),
      asvk(ark.issue_ca(named("SEV-VLEK-", of), authority(2))) {}

FakeIdentity FakeAmd::vcek(FakeLeafOptions options) {
  return ask.issue(amd_name("SEV-VCEK"), leaf_options(product, options, false));
}

FakeIdentity FakeAmd::vlek(FakeLeafOptions options) {
  return asvk.issue(amd_name("SEV-VLEK"), leaf_options(product, options, true));
}

TrustAnchors FakeAmd::anchors() const {
  TrustAnchors out;
  out.certificates.push_back({AnchorUse::kAmd, ark.certificate()});
  return out;
}

Collateral FakeAmd::collateral() const {
  Collateral out;
  out.add(ask.certificate());
  out.add(asvk.certificate());
  return out;
}

Collateral FakeAmd::collateral(const FakeIdentity& leaf) const {
  Collateral out = collateral();
  out.add(leaf.certificate);
  return out;
}

Bytes fake_snp_report(const FakeSnpReport& fields, const SigningKey& key) {
  Bytes out(SnpReport::kBytes);
  const std::span<std::byte> bytes(out);
  const auto put = [&](std::size_t at, BytesView value) {
    std::ranges::copy(value, out.begin() + static_cast<std::ptrdiff_t>(at));
  };
  const SnpTcb tcb = fields.reported_tcb.value_or(fake_snp_tcb(fields.product));
  store_le(bytes, 0x00, fields.version);
  store_le(bytes, 0x04, fields.guest_svn);
  store_le(bytes, 0x08, fields.policy);
  store_le(bytes, 0x30, fields.vmpl);
  store_le(bytes, 0x34, std::uint32_t{1});
  store_le(bytes, 0x38, fields.current_tcb.value_or(tcb).raw);
  store_le(bytes, 0x40, fields.platform_info);
  store_le(bytes, 0x48, fields.flags);
  put(0x50, fields.report_data);
  put(0x90, fields.measurement);
  put(0xc0, fields.host_data);
  put(0xe0, fields.id_key_digest);
  put(0x110, fields.author_key_digest);
  store_le(bytes, 0x180, tcb.raw);
  if (fields.version >= 3) {
    const bool turin = fields.product == SnpProduct::kTurin;
    out[0x188] = turin ? std::byte{0x1a} : std::byte{0x19};
    out[0x189] = turin ? std::byte{0x02} : fields.product == SnpProduct::kGenoa ? std::byte{0x11} : std::byte{0x01};
    out[0x18a] = std::byte{1};
  }
  put(0x1a0, fields.chip_id.value_or(fake_chip_id(fields.product)));
  store_le(bytes, 0x1e0, fields.committed_tcb.value_or(tcb).raw);
  for (const std::size_t at : {0x1e8, 0x1ec}) put(at, std::to_array({std::byte{29}, std::byte{55}, std::byte{1}}));
  store_le(bytes, 0x1f0, tcb.raw);
  if (fields.alter) fields.alter(out);
  const Bytes signature =
      key.sign(SignatureAlgorithm::kEcdsaSha384, BytesView(out).first(SnpReport::kSignedBytes), EcdsaForm::kRaw)
          .value();
  std::reverse_copy(signature.begin(), signature.begin() + 48, out.begin() + 0x2a0);
  std::reverse_copy(signature.begin() + 48, signature.end(), out.begin() + 0x2a0 + 72);
  if (fields.alter_signed) fields.alter_signed(out);
  return out;
}

}  // namespace adyton::testing
