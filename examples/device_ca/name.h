// SPDX-License-Identifier: Apache-2.0
// A distinguished name (RFC 5280, 4.1.2.4): checked, written for people, and in a form in which equal names are equal.
#pragma once

#include <string>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/der.h>
#include <adyton/result.h>

namespace device_ca {

struct Name {
  adyton::BytesView der;    // as it came: into the bytes that were read
  adyton::Bytes canonical;  // the same for names that differ only in case, spaces, or kind of string
  std::string text;         // "C=DE,O=Example,CN=device-1"
};

// Reads a Name of at least one attribute. Strings are PrintableString, UTF8String or IA5String without control
// characters. Errors: invalid (malformed, empty, too long), denied (a kind of string that RFC 5280 retired).
adyton::Result<Name> read_name(adyton::der::Reader& reader, std::string_view what);

// The Name that has only this common name.
adyton::Bytes make_name(std::string_view common_name);

// Whether text consists of valid UTF-8 without control characters.
bool is_plain_text(std::string_view text);

}  // namespace device_ca
