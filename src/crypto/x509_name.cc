// SPDX-License-Identifier: Apache-2.0
// Distinguished names (RFC 5280, 4.1.2.4), made readable.
#include <array>
#include <cstdint>

#include "base/error.h"
#include "base/utf8.h"
#include "crypto/x509_parts.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxAttributes = 64;

struct AttributeName {
  std::string_view arcs;  // in hex
  std::string_view name;
};
constexpr std::string_view kCommonName = "550403";
constexpr std::array<AttributeName, 9> kAttributeNames{{
    // RFC 4514, 3; X.520
    {kCommonName, "CN"},
    {"550405", "serialNumber"},
    {"550406", "C"},
    {"550407", "L"},
    {"550408", "ST"},
    {"550409", "street"},
    {"55040a", "O"},
    {"55040b", "OU"},
    {"0992268993f22c640119", "DC"},
}};

struct Attribute {
  std::string arcs;  // in hex
  der::Element value;
};

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// The text of a string value as UTF-8; nothing if it is no string, or not a well-formed one.
std::optional<std::string> text_of(const der::Element& value) {
  std::string out;
  switch (value.tag) {
    case der::kPrintableString:
    case der::kIa5String:
    case der::kUtf8String: out = as_text(value.contents); break;
    case der::kT61String:  // in practice Latin-1
      for (std::byte b : value.contents) append_utf8(out, std::to_integer<std::uint32_t>(b));
      break;
    case der::kBmpString:
      if (value.contents.size() % 2 != 0) return std::nullopt;
      for (std::size_t i = 0; i < value.contents.size(); i += 2) {
        const auto code = std::to_integer<std::uint32_t>(value.contents[i]) << 8 |
                          std::to_integer<std::uint32_t>(value.contents[i + 1]);
        append_utf8(out, code);
      }
      break;
    default: return std::nullopt;
  }
  if (!is_utf8(out)) return std::nullopt;
  return out;
}

// RFC 4514, 2.4; control characters too, so that a name cannot play tricks with a terminal.
std::string escaped(std::string_view text) {
  constexpr std::string_view kSpecial = "\"+,;<>\\";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool at_edge = (i == 0 && (c == ' ' || c == '#')) || (i + 1 == text.size() && c == ' ');
    if (const auto code = static_cast<unsigned char>(c); code < 0x20 || code == 0x7f) {
      out += fmt::format("\\{:02x}", code);
    } else if (at_edge || kSpecial.contains(c)) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string attribute_text(const Attribute& attribute) {
  std::string name;
  for (const AttributeName& known : kAttributeNames) {
    if (known.arcs == attribute.arcs) name = known.name;
  }
  if (name.empty()) {
    const Result<Bytes> arcs = parse_hex(attribute.arcs);
    name = arcs ? der::object_identifier_text(*arcs) : attribute.arcs;
  }
  const std::optional<std::string> text = text_of(attribute.value);
  return name + '=' + (text ? escaped(*text) : '#' + to_hex(attribute.value.whole));
}

// RDNSequence: calls `on_attribute` with each, and whether it belongs to the same relative name as the one before.
template <class OnAttribute>
Result<void> read_attributes(der::Reader& reader, std::string_view what, OnAttribute&& on_attribute) {
  der::Reader names = TRY(reader.enter(der::kSequence, what));
  std::size_t count = 0;
  while (!names.at_end()) {
    der::Reader relative = TRY(names.enter(der::kSet, what));
    if (relative.at_end()) return invalid("{}: an empty part", what);
    for (bool same = false; !relative.at_end(); same = true) {
      if (++count > kMaxAttributes) return invalid("{}: more than {} parts", what, kMaxAttributes);
      der::Reader pair = TRY(relative.enter(der::kSequence, what));
      const BytesView type = TRY(pair.object_identifier(what));
      const der::Element value = TRY(pair.any(what));
      Attribute attribute{to_hex(type), value};
      TRY(pair.end(what));
      on_attribute(attribute, same);
    }
  }
  return {};
}

}  // namespace

Result<DistinguishedName> x509::read_name(der::Reader& reader, std::string_view what) {
  DistinguishedName out;
  der::Reader start = reader;
  const auto note = [&](const Attribute& attribute, bool same) {
    if (!out.text.empty()) out.text += same ? '+' : ',';
    out.text += attribute_text(attribute);
    if (attribute.arcs == kCommonName) out.common = text_of(attribute.value);
  };
  TRY(read_attributes(reader, what, note));
  out.der = to_bytes(TRY(start.any(what)).whole);
  return out;
}

}  // namespace adyton
