// SPDX-License-Identifier: Apache-2.0
// PEM text (RFC 7468) to bytes and back.
#pragma once

#include <string>
#include <string_view>

#include <adyton/bytes.h>
#include <adyton/result.h>

namespace device_ca {

// The one block in `text` whose label is `label` or "NEW " and `label`. Before it may be other text, as `openssl req
// -text` writes it; after it, only white space. Errors: invalid.
adyton::Result<adyton::Bytes> parse_pem(std::string_view text, std::string_view label);

std::string make_pem(adyton::BytesView bytes, std::string_view label);

}  // namespace device_ca
