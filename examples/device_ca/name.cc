// SPDX-License-Identifier: Apache-2.0
#include "name.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "oids.h"
#include "refuse.h"

namespace device_ca {
namespace {

namespace der = adyton::der;
using adyton::BytesView;

constexpr std::size_t kNameBytes = 2048;
constexpr std::size_t kValueBytes = 256;  // of one attribute; RFC 5280's own bounds are between 2 and 32768

struct KnownAttribute {
  std::string_view name;
  std::string_view oid;
};
constexpr KnownAttribute kKnown[] = {
    {"CN", "2.5.4.3"},
    {"SN", "2.5.4.4"},
    {"serialNumber", "2.5.4.5"},
    {"C", "2.5.4.6"},
    {"L", "2.5.4.7"},
    {"ST", "2.5.4.8"},
    {"street", "2.5.4.9"},
    {"O", "2.5.4.10"},
    {"OU", "2.5.4.11"},
    {"title", "2.5.4.12"},
    {"GN", "2.5.4.42"},
    {"dnQualifier", "2.5.4.46"},
    {"DC", "0.9.2342.19200300.100.1.25"},
    {"UID", "0.9.2342.19200300.100.1.1"},
    {"emailAddress", "1.2.840.113549.1.9.1"},
};

std::string attribute_name(BytesView oid) {
  std::string dotted = der::object_identifier_text(oid);
  for (const auto& [name, known] : kKnown) {
    if (known == dotted) return std::string(name);
  }
  return dotted;
}

bool is_printable_string(std::string_view text) {  // X.680, 41.4
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(" '()+,-./:=?").find(c) != std::string_view::npos;
  });
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

Result<std::string_view> read_string(der::Reader& reader, std::string_view what) {
  const der::Element value = TRY(reader.any(what));
  const std::string_view text = adyton::as_text(value.contents);
  switch (value.tag) {
    case der::kUtf8String: break;
    case der::kPrintableString:
      if (!is_printable_string(text)) return malformed("{}: a character that PrintableString does not have", what);
      break;
    case der::kIa5String:
      if (!is_ascii(text)) return malformed("{}: a character that IA5String does not have", what);
      break;
    case der::kT61String:
    case der::kBmpString:
    case der::kUniversalString:
      return denied("{}: uses TeletexString, BMPString or UniversalString: use UTF8String", what);
    default: return malformed("{}: not a string", what);
  }
  if (text.empty() || text.size() > kValueBytes) {
    return malformed("{}: an attribute of {} bytes; 1 to {} are allowed", what, text.size(), kValueBytes);
  }
  if (!is_plain_text(text)) return malformed("{}: not UTF-8 text without control characters", what);
  return text;
}

// RFC 5280, 7.1, for ASCII: case is folded, outer spaces are dropped, runs of spaces are one.
std::string folded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string escaped(std::string_view text) {  // RFC 4514, 2.4
  std::string out;
  for (const char c : text) {
    if (std::string_view(",+\"\\<>;=").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

bool is_plain_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto at = [&](std::size_t k) { return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u; };
    const unsigned first = at(0);
    if (first < 0x20 || first == 0x7f) return false;
    std::size_t length = 1;
    if (first >= 0x80) {
      length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
      if (first < 0xc2 || first > 0xf4) return false;
      std::uint32_t point = first & (0xffu >> (length + 1));
      for (std::size_t k = 1; k < length; ++k) {
        if ((at(k) & 0xc0) != 0x80) return false;
        point = point << 6 | (at(k) & 0x3f);
      }
      constexpr std::array<std::uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
      if (point < kLeast[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
      if (point < 0xa0) return false;  // the control characters above ASCII
    }
    i += length;
  }
  return true;
}

Result<Name> read_name(der::Reader& reader, std::string_view what) {
  const der::Element whole = TRY(reader.element(der::kSequence, what));
  if (whole.whole.size() > kNameBytes)
    return malformed("{}: {} bytes long; {} are the most", what, whole.whole.size(), kNameBytes);
  if (whole.contents.empty()) return denied("{}: empty; a device needs a name", what);
  Name out{.der = whole.whole};
  der::Writer canonical;
  der::Reader sets(whole.contents);
  while (!sets.at_end()) {
    der::Reader set = TRY(sets.enter(der::kSet, what));
    std::vector<adyton::Bytes> attributes;
    do {
      der::Reader attribute = TRY(set.enter(der::kSequence, what));
      const BytesView type = TRY(attribute.object_identifier(what));
      const std::string_view value = TRY(read_string(attribute, what));
      TRY(attribute.end(what));
      out.text += fmt::format("{}{}={}",
                              out.text.empty()     ? ""
                              : attributes.empty() ? ","
                                                   : "+",
                              attribute_name(type), escaped(value));
      der::Writer one;
      one.element(der::kObjectIdentifier, type);
      one.text(der::kUtf8String, folded(value));
      attributes.push_back(one.take());
    } while (!set.at_end());
    std::ranges::sort(attributes);
    canonical.nested(der::kSet, [&] {
      for (const adyton::Bytes& attribute : attributes) canonical.raw(attribute);
    });
  }
  out.canonical = canonical.take();
  return out;
}

adyton::Bytes make_name(std::string_view common_name) {
  der::Writer out;
  out.nested(der::kSequence, [&] {
    out.nested(der::kSet, [&] {
      out.nested(der::kSequence, [&] {
        out.element(der::kObjectIdentifier, oid::kCommonName);
        out.text(der::kUtf8String, common_name);
      });
    });
  });
  return out.take();
}

}  // namespace device_ca
