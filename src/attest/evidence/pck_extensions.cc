// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/pck_extensions.h"

#include <algorithm>
#include <limits>

#include <adyton/der.h>
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::array<std::byte, 9> kOid = {std::byte{0x2a}, std::byte{0x86}, std::byte{0x48},
                                           std::byte{0x86}, std::byte{0xf8}, std::byte{0x4d},
                                           std::byte{0x01}, std::byte{0x0d}, std::byte{0x01}};
constexpr std::size_t kOidSize = 9;

// The last arc of an identifier that is `prefix` and one more arc below 128.
Result<unsigned> last_arc(BytesView oid, BytesView prefix) {
  if (oid.size() != prefix.size() + 1 || !std::ranges::equal(oid.first(prefix.size()), prefix)) {
    return invalid("an unexpected identifier {}", der::object_identifier_text(oid));
  }
  return std::to_integer<unsigned>(oid.back());
}

template <std::size_t kSize>
Result<std::array<std::byte, kSize>> fixed(der::Reader& reader, std::string_view what) {
  const BytesView bytes = TRY(reader.contents(der::kOctetString, what));
  std::array<std::byte, kSize> out;
  if (bytes.size() != kSize) return invalid("{}: {} bytes instead of {}", what, bytes.size(), kSize);
  std::ranges::copy(bytes, out.begin());
  return out;
}

template <class T>
Result<T> number(der::Reader& reader, std::string_view what) {
  const std::uint64_t value = TRY(reader.small_integer(what));
  if (value > std::numeric_limits<T>::max()) return invalid("{} is {}", what, value);
  return static_cast<T>(value);
}

// Calls read(arc, value reader) for each pair of a SEQUENCE OF SEQUENCE { identifier, value }; no identifier twice.
template <class Read>
Result<std::uint32_t> read_pairs(der::Reader& outer, BytesView prefix, Read&& read) {
  der::Reader pairs = TRY(outer.enter(der::kSequence, "SGX extensions"));
  std::uint32_t seen = 0;
  while (!pairs.at_end()) {
    der::Reader pair = TRY(pairs.enter(der::kSequence, "SGX extension"));
    const unsigned arc = TRY(last_arc(TRY(pair.object_identifier("SGX extension")), prefix));
    if (arc >= 32 || (seen & 1U << arc) != 0) return invalid("SGX extension {} twice or unknown", arc);
    seen |= 1U << arc;
    TRY(read(arc, pair));
    TRY(pair.end("SGX extension"));
  }
  return seen;
}

Result<void> read_tcb(der::Reader& reader, PckExtensions& out) {
  std::array<std::byte, kOidSize + 1> prefix;
  std::ranges::copy(pck_extensions_oid(), prefix.begin());
  prefix.back() = std::byte{2};
  const auto read = [&](unsigned arc, der::Reader& value) -> Result<void> {
    if (arc >= 1 && arc <= 16) {
      out.components[arc - 1] = TRY(number<std::uint8_t>(value, "SGX TCB component SVN"));
    } else if (arc == 17) {
      out.pce_svn = TRY(number<std::uint16_t>(value, "PCESVN"));
    } else if (arc == 18) {
      out.cpu_svn = TRY(fixed<16>(value, "CPUSVN"));
    } else {
      return invalid("an unknown part {} of the TCB", arc);
    }
    return {};
  };
  constexpr std::uint32_t kAll = 0x7fffe;  // 1 to 18
  const std::uint32_t seen = TRY(read_pairs(reader, prefix, read));
  if (seen != kAll) return invalid("the TCB is incomplete");
  return {};
}

Result<void> read_configuration(der::Reader& reader, PckExtensions& out) {
  std::array<std::byte, kOidSize + 1> prefix;
  std::ranges::copy(pck_extensions_oid(), prefix.begin());
  prefix.back() = std::byte{7};
  const auto read = [&](unsigned arc, der::Reader& value) -> Result<void> {
    const bool flag = TRY(value.boolean("SGX configuration"));
    if (arc == 1) out.dynamic_platform = flag;
    if (arc == 2) out.cached_keys = flag;
    if (arc == 3) out.smt_enabled = flag;
    return {};
  };
  (void)TRY(read_pairs(reader, prefix, read));
  return {};
}

Result<SgxType> read_sgx_type(der::Reader& reader) {
  const BytesView value = TRY(reader.contents(der::kEnumerated, "SGX type"));
  if (value.size() != 1 || value[0] > std::byte{2}) return invalid("SGX type {}", to_hex(value));
  return static_cast<SgxType>(value[0]);
}

Result<PckExtensions> parse(BytesView der) {
  PckExtensions out;
  const auto read = [&](unsigned arc, der::Reader& value) -> Result<void> {
    switch (arc) {
      case 1: out.ppid = TRY(fixed<16>(value, "PPID")); return {};
      case 2: return read_tcb(value, out);
      case 3: out.pce_id = TRY(fixed<2>(value, "PCEID")); return {};
      case 4: out.fmspc = TRY(fixed<6>(value, "FMSPC")); return {};
      case 5: out.sgx_type = TRY(read_sgx_type(value)); return {};
      case 6: out.platform_instance_id = TRY(fixed<16>(value, "platform instance ID")); return {};
      case 7: return read_configuration(value, out);
      default: return TRY(value.any("SGX extension")), Result<void>{};  // added by Intel later
    }
  };
  constexpr std::uint32_t kNeeded = 0x3e;  // 1 to 5
  der::Reader reader(der);
  const std::uint32_t seen = TRY(read_pairs(reader, pck_extensions_oid(), read));
  TRY(reader.end("SGX extensions"));
  if ((seen & kNeeded) != kNeeded) return invalid("PPID, TCB, PCEID, FMSPC or SGX type is missing");
  return out;
}

}  // namespace

BytesView pck_extensions_oid() { return BytesView(kOid).first(kOidSize); }

bool has_pck_extensions(const Certificate& certificate) {
  return certificate.extension(pck_extensions_oid()).has_value();
}

Result<PckExtensions> parse_pck_extensions(BytesView der) {
  return parse(der).within("the SGX extensions of a PCK certificate");
}

Result<PckExtensions> parse_pck_extensions(const Certificate& certificate) {
  const auto der = certificate.extension(pck_extensions_oid());
  if (!der) return not_found("the certificate of {} has no SGX extensions", certificate.subject().text);
  return parse_pck_extensions(*der);
}

Bytes encode_pck_extensions(const PckExtensions& extensions) {
  der::Writer out;
  using Arcs = std::initializer_list<std::uint8_t>;  // below the extension's own identifier, each below 128
  const auto pair = [&](Arcs arcs, const auto& value) {
    Bytes identifier = to_bytes(pck_extensions_oid());
    for (const std::uint8_t arc : arcs) identifier.push_back(std::byte{arc});
    out.nested(der::kSequence, [&] {
      out.element(der::kObjectIdentifier, identifier);
      value();
    });
  };
  const auto octets = [&](Arcs arcs, BytesView value) { pair(arcs, [&] { out.element(der::kOctetString, value); }); };
  out.nested(der::kSequence, [&] {
    octets({1}, extensions.ppid);
    pair({2}, [&] {
      out.nested(der::kSequence, [&] {
        for (std::uint8_t i = 0; i < 16; ++i) {
          pair({2, static_cast<std::uint8_t>(i + 1)}, [&] { out.integer(extensions.components[i]); });
        }
        pair({2, 17}, [&] { out.integer(extensions.pce_svn); });
        octets({2, 18}, extensions.cpu_svn);
      });
    });
    octets({3}, extensions.pce_id);
    octets({4}, extensions.fmspc);
    const std::byte type[] = {static_cast<std::byte>(extensions.sgx_type)};
    pair({5}, [&] { out.element(der::kEnumerated, type); });
    if (extensions.platform_instance_id) octets({6}, *extensions.platform_instance_id);
    if (!extensions.dynamic_platform) return;
    pair({7}, [&] {
      out.nested(der::kSequence, [&] {
        pair({7, 1}, [&] { out.boolean(*extensions.dynamic_platform); });
        pair({7, 2}, [&] { out.boolean(extensions.cached_keys.value_or(false)); });
        pair({7, 3}, [&] { out.boolean(extensions.smt_enabled.value_or(false)); });
      });
    });
  });
  return out.take();
}

}  // namespace adyton
