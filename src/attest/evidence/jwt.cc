// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/jwt.h"

#include <algorithm>

#include "base/base64.h"
#include "base/error.h"

namespace adyton {
namespace {

Result<std::shared_ptr<const Json>> parse_object(BytesView bytes, JsonLimits limits, std::string_view what) {
  Json json = TRY(parse_json(as_text(bytes), limits).within(what));
  if (!json.is_object()) return invalid("{}: not a JSON object", what);
  return std::make_shared<const Json>(std::move(json));
}

// RFC 7515, 4.1.6: base64, not base64url, of DER.
Result<std::vector<Certificate>> parse_certificates(const Json& list) {
  if (!list.is_array() || list.empty()) return invalid("x5c is not a list of certificates");
  if (list.size() > kMaxJwtCertificates) return invalid("x5c has {} certificates", list.size());
  std::vector<Certificate> out;
  for (const Json& entry : list) {
    const auto text = text_of(&entry);
    if (!text) return invalid("x5c has something other than text");
    out.push_back(TRY(Certificate::parse(TRY(parse_base64(*text).within("x5c"))).within("x5c")));
  }
  return out;
}

Result<void> read_header(Jwt& out) {
  const Json* header = out.header.get();
  if (find(header, "crit")) return invalid("it asks for extensions that are not understood (crit)");
  if (find(header, "b64")) return invalid("its payload is not encoded (b64)");
  const auto name = text_of(find(header, "alg"));
  if (!name) return invalid("it names no algorithm");
  const auto algorithm = jws_algorithm(*name);
  if (!algorithm) return invalid("the algorithm \"{}\" is none that is accepted", name->substr(0, 32));
  out.algorithm_name = *name;
  out.algorithm = *algorithm;
  if (const Json* key_id = find(header, "kid")) {
    if (!key_id->is_string()) return invalid("kid is not text");
    out.key_id = *text_of(key_id);
  }
  if (const Json* list = find(header, "x5c")) out.certificates = TRY(parse_certificates(*list));
  return {};
}

Result<Jwt> parse(std::string_view text, JsonLimits limits) {
  Jwt out;
  out.jws = TRY(parse_compact_jws(text, limits.bytes));
  out.header = TRY(parse_object(out.jws.header, limits, "the header"));
  out.claims = TRY(parse_object(out.jws.payload, limits, "the claims"));
  TRY(read_header(out));
  return out;
}

}  // namespace

Result<Jwt> parse_jwt(std::string_view text, JsonLimits limits) {
  return parse(text, limits).within("not a JSON Web Token");
}

bool looks_like_jwt(std::string_view text) {
  text = without_line_end(text);
  // "{" followed by a quotation mark, a blank, a tab, a line feed or a carriage return, in base64.
  const bool object = text.starts_with("eyJ") || text.starts_with("eyA") || text.starts_with("ewk") ||
                      text.starts_with("ewo") || text.starts_with("ew0");
  return object && std::ranges::count(text, '.') == 2;
}

std::string_view without_line_end(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

}  // namespace adyton
