// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/ias_report.h"

#include <initializer_list>

#include <nlohmann/json.hpp>

#include "attest/json.h"
#include "attest/percent.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/utc.h"

namespace adyton {
namespace {

constexpr JsonLimits kLimits{.bytes = 65536, .depth = 8};
constexpr std::size_t kMaxAdvisories = 256, kMaxSignatureBytes = 1024;
constexpr const char *kStatusName = "isvEnclaveQuoteStatus", *kQuoteName = "isvEnclaveQuoteBody";

Result<std::string> text_member(const Json& object, const char* name, bool needed) {
  const Json* value = find_member(object, name);
  if (!value && !needed) return std::string();
  const std::string* text = find_string(object, name);
  if (!text) return invalid("\"{}\" is {}", name, value ? "no text" : "missing");
  return *text;
}

Result<std::optional<std::uint64_t>> number_member(const Json& object, const char* name) {
  const Json* value = find_member(object, name);
  if (!value) return std::optional<std::uint64_t>();
  if (!value->is_number_unsigned()) return invalid("\"{}\" is no number", name);
  return std::optional(value->get<std::uint64_t>());
}

// "2023-09-27T15:51:58.044803" or without the fraction, in UTC: seconds since 1970.
Result<std::int64_t> parse_time(std::string_view text) {
  if (!text.contains('T') || text.ends_with('Z')) return invalid("\"{}\" is no time", text);
  return parse_utc(text);
}

Result<std::vector<std::string>> parse_advisories(const Json& object) {
  std::vector<std::string> out;
  const Json* value = find_member(object, "advisoryIDs");
  if (!value) return out;
  if (!value->is_array() || value->size() > kMaxAdvisories) return invalid("\"advisoryIDs\" is no short list");
  for (const Json& one : *value) {
    if (!one.is_string()) return invalid("\"advisoryIDs\" has something that is no text");
    out.push_back(one.get<std::string>());
  }
  return out;
}

Result<IasReport> parse_body(std::string_view body) {
  const Json json = TRY(parse_json(body, kLimits));
  if (!json.is_object()) return invalid("no JSON object");
  IasReport out;
  out.body = body;
  out.id = TRY(text_member(json, "id", true));
  out.timestamp = TRY(text_member(json, "timestamp", true));
  out.time = TRY(parse_time(out.timestamp));
  const auto version = TRY(number_member(json, "version"));
  if (!version || *version < 3 || *version > 5) return invalid("\"version\" is not 3, 4 or 5");
  out.version = *version;
  out.quote_status = TRY(text_member(json, kStatusName, true));
  out.quote = TRY(parse_epid_quote_body(TRY(parse_base64(TRY(text_member(json, kQuoteName, true))))));
  out.advisory_ids = TRY(parse_advisories(json));
  out.advisory_url = TRY(text_member(json, "advisoryURL", false));
  const auto reason = TRY(number_member(json, "revocationReason"));
  if (reason) out.revocation_reason = fmt::format("{}", *reason);
  out.platform_info = TRY(text_member(json, "platformInfoBlob", false));
  out.nonce = TRY(text_member(json, "nonce", false));
  out.epid_pseudonym = TRY(text_member(json, "epidPseudonym", false));
  out.tcb_evaluation_data_number = TRY(number_member(json, "tcbEvaluationDataNumber"));
  return out;
}

// The text under the one of `names` that is there.
Result<std::optional<std::string>> one_of(const Json& object, std::initializer_list<const char*> names) {
  std::optional<std::string> out;
  for (const char* name : names) {
    if (!find_member(object, name)) continue;
    if (out) return invalid("\"{}\" and another name of the same thing", name);
    out = TRY(text_member(object, name, true));
  }
  return out;
}

Result<IasReport> parse(std::string_view text) {
  const Json json = TRY(parse_json(text, kLimits));
  if (find_member(json, kStatusName)) return parse_body(text);
  const auto body = TRY(one_of(json, {"body", "http_body", "report"}));
  if (!body) return invalid("no \"{}\", and no \"body\" that could have it", kStatusName);
  const bool plain = body->find('{') != std::string::npos;
  IasReport out = TRY(parse_body(plain ? *body : as_text(TRY(parse_base64(*body)))));
  const auto signature = TRY(one_of(json, {"signature", "sig"}));
  if (signature) out.signature = TRY(parse_ias_signature(*signature));
  const auto chain = TRY(one_of(json, {"certificates", "certificate_chain", "chain", "signing_cert"}));
  if (chain) out.chain_pem = TRY(decode_ias_chain(*chain));
  return out;
}

}  // namespace

Result<IasReport> parse_ias_report(BytesView bytes) {
  return parse(as_text(bytes)).within("not a report of Intel's Attestation Service");
}

Result<Bytes> parse_ias_signature(std::string_view header) {
  while (!header.empty() && (header.back() == '\n' || header.back() == '\r')) header.remove_suffix(1);
  Bytes out = TRY(parse_base64(header).within("the report's signature"));
  if (out.empty() || out.size() > kMaxSignatureBytes) return invalid("a report's signature of {} bytes", out.size());
  return out;
}

Result<std::string> decode_ias_chain(std::string_view header) {
  return percent_decoded(header).within("the report's certificates");
}

bool looks_like_ias_report(BytesView bytes) {
  const std::string_view text = as_text(bytes);
  return !text.empty() && text.find_first_not_of(" \t\r\n") != std::string_view::npos &&
         text[text.find_first_not_of(" \t\r\n")] == '{' && text.contains(kStatusName) && text.contains(kQuoteName);
}

}  // namespace adyton
