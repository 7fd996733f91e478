// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/snp_certificates.h"

#include <array>
#include <optional>

#include "base/error.h"

namespace adyton {
namespace {

// 1.3.6.1.4.1.3704.1, which the extensions' identifiers begin with (RFC 5280 identifiers as encoded arcs).
constexpr std::array<std::uint8_t, 8> kAmdArc{0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x01};

std::optional<BytesView> extension(const Certificate& certificate, std::initializer_list<std::uint8_t> arcs) {
  std::array<std::byte, 10> oid;
  std::size_t size = 0;
  for (const std::uint8_t arc : kAmdArc) oid[size++] = std::byte{arc};
  for (const std::uint8_t arc : arcs) oid[size++] = std::byte{arc};
  return certificate.extension(BytesView(oid).first(size));
}

// 1.3.6.1.4.1.3704.1.3.`number`: an INTEGER of 0 to 255.
Result<std::uint64_t> patch_level(const Certificate& certificate, std::uint8_t number, bool required) {
  const auto contents = extension(certificate, {3, number});
  if (!contents) {
    if (required) return invalid("the extension 1.3.6.1.4.1.3704.1.3.{} is missing", number);
    return std::uint64_t{0};
  }
  der::Reader reader(*contents);
  const std::uint64_t level = TRY(reader.small_integer("security patch level"));
  TRY(reader.end("security patch level"));
  if (level > 255) return invalid("the security patch level {} is more than 255", level);
  return level;
}

// Numbers of the extensions, from byte 0 of TCB_VERSION up: 1 blSPL, 2 teeSPL, 3 snpSPL, 4 to 7 spl4 to spl7, 8
// ucodeSPL, 9 fmcSPL.
constexpr std::array<std::uint8_t, 8> kMilanLevels{1, 2, 4, 5, 6, 7, 3, 8};
constexpr std::array<std::uint8_t, 8> kTurinLevels{9, 1, 2, 3, 5, 6, 7, 8};

Result<SnpTcb> read_tcb(const Certificate& certificate, SnpProduct product) {
  SnpTcb out;
  const auto& levels = product == SnpProduct::kTurin ? kTurinLevels : kMilanLevels;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const bool reserved = levels[i] >= 4 && levels[i] <= 7;
    out.raw |= TRY(patch_level(certificate, levels[i], !reserved)) << (8 * i);
  }
  return out;
}

Result<std::string> read_text(BytesView contents, std::string_view what) {
  der::Reader reader(contents);
  const BytesView text = TRY(reader.contents(der::kIa5String, what));
  TRY(reader.end(what));
  if (text.size() > 256) return invalid("the {} is too long", what);
  return std::string(as_text(text));
}

SnpProduct product_named(std::string_view name) {
  name = name.substr(0, name.find('-'));  // "Milan-B0": with the stepping
  for (const auto product : {SnpProduct::kMilan, SnpProduct::kGenoa, SnpProduct::kTurin}) {
    if (name == name_of(product)) return product;
  }
  // Bergamo and Siena have Genoa's keys, and certificates that say Genoa.
  return SnpProduct::kUnknown;
}

std::optional<SnpSigningKey> kind_of(const Certificate& certificate) {
  const auto name = certificate.subject().common_name();
  if (name == "SEV-VCEK") return SnpSigningKey::kVcek;
  if (name == "SEV-VLEK") return SnpSigningKey::kVlek;
  return std::nullopt;
}

Result<SnpLeaf> parse(const Certificate& certificate) {
  const auto kind = kind_of(certificate);
  if (!kind) return invalid("its subject is {}", certificate.subject().text);
  SnpLeaf out;
  out.kind = *kind;
  const auto name = extension(certificate, {2});
  if (!name) return invalid("the product name is missing");
  out.product_name = TRY(read_text(*name, "product name"));
  out.product = product_named(out.product_name);
  if (out.product == SnpProduct::kUnknown) return invalid("the product is {}", out.product_name);
  out.tcb = TRY(read_tcb(certificate, out.product));
  // The contents are the identifier itself, not an OCTET STRING with it.
  if (const auto hwid = extension(certificate, {4})) out.hwid = to_bytes(*hwid);
  if (const auto csp = extension(certificate, {5})) out.csp_id = TRY(read_text(*csp, "CSP id"));
  if (out.kind == SnpSigningKey::kVcek) {
    const std::size_t size = out.product == SnpProduct::kTurin ? 8 : 64;
    if (out.hwid.size() != size) return invalid("the hwID has {} bytes instead of {}", out.hwid.size(), size);
  } else if (out.csp_id.empty()) {
    return invalid("the CSP id is missing");
  }
  return out;
}

}  // namespace

bool is_snp_leaf(const Certificate& certificate) { return kind_of(certificate).has_value(); }

Result<SnpLeaf> parse_snp_leaf(const Certificate& certificate) {
  return parse(certificate).within("not a VCEK or VLEK certificate");
}

}  // namespace adyton
