// SPDX-License-Identifier: Apache-2.0
// The forms in which TCB infos, identities and their company reach people (attest/collateral/intel_tcb.h names them).
#include <algorithm>
#include <optional>

#include "attest/collateral/intel_tcb.h"
#include "attest/collateral/json_text.h"
#include "attest/json.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/white_space.h"

namespace adyton {
namespace {

using nlohmann::json;

// "tcb_info_issuer_chain" and "tcbInfoIssuerChain" are the same.
std::string plain(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c != '_' && c != '-') out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out;
}

// In hexadecimal or base64. (PEM and URL-encoded PEM are Collateral::add()'s.)
Result<Bytes> decoded(std::string_view text) {
  if (auto bytes = parse_hex(trimmed_of_zeros(text))) return std::move(*bytes);
  if (auto bytes = parse_base64(trimmed_of_zeros(text))) return std::move(*bytes);
  return invalid("neither hexadecimal nor base64");
}

// What was signed, as it stood then: a member's own text, or text within text; and what it parses to.
struct Signed {
  std::string_view text;
  const json& object;
  Bytes signature;
};

enum class Kind : std::uint8_t { kTcbInfo, kIdentity };
constexpr std::string_view kWrapped[] = {"tcbInfo", "enclaveIdentity"};

// From {"tcbInfo": {...}, "signature": "..."}.
Result<std::optional<Signed>> from_answer(std::string_view original, const json& answer, Kind kind) {
  const std::string_view key = kWrapped[static_cast<std::size_t>(kind)];
  if (!answer.is_object() || !answer.contains(key) || !answer.contains("signature")) return std::nullopt;
  const json& signature = answer["signature"];
  if (!answer[std::string(key)].is_object() || !signature.is_string()) return std::nullopt;
  const auto text = TRY(json_member_text(original, key));
  if (!text) return invalid("\"{}\" was not found again", key);
  Bytes bytes = TRY(parse_hex(signature.get_ref<const std::string&>()).within("its signature"));
  return Signed{*text, answer[std::string(key)], std::move(bytes)};
}

Result<void> add_signed(std::string_view name, const Signed& found, Kind kind, Collateral& collateral) {
  if (kind == Kind::kTcbInfo) {
    auto info = TRY(parse_tcb_info(name, found.object, found.text, found.signature));
    collateral.add(std::make_shared<const TcbInfo>(std::move(info)));
  } else {
    auto identity = TRY(parse_enclave_identity(name, found.object, found.text, found.signature));
    collateral.add(std::make_shared<const EnclaveIdentity>(std::move(identity)));
  }
  return {};
}

// A member of QuoteCollateralV3 that is a TCB info or an identity: text or object, with its signature inside or beside.
Result<void> add_member(std::string_view name, const json& value, std::string_view value_text,
                        const std::optional<std::string>& signature, Kind kind, Collateral& collateral) {
  const std::string text(value.is_string() ? trimmed_of_zeros(value.get_ref<const std::string&>()) : value_text);
  const json inner = TRY(parse_json(text));
  if (const auto answer = TRY(from_answer(text, inner, kind))) return add_signed(name, *answer, kind, collateral);
  if (!signature) return invalid("a TCB info or identity without its signature");
  Bytes bytes = TRY(decoded(*signature).within("its signature"));
  return add_signed(name, {text, inner, std::move(bytes)}, kind, collateral);
}

bool is_certificates_or_list(std::string_view key) {
  return key.ends_with("issuerchain") || key.ends_with("certificatechain") || key.ends_with("crl") ||
         key == "pckcert" || key == "pckcertificate" || key == "pckcertchain" || key == "intermediatecacrl";
}

// QuoteCollateralV3 and its relatives.
Result<bool> add_collection(std::string_view name, const json& object, std::string_view original,
                            Collateral& collateral) {
  std::optional<std::string> info_signature, identity_signature;
  bool known = false;
  for (const auto& [key, value] : object.items()) {
    const std::string word = plain(key);
    if (word == "tcbinfosignature" && value.is_string()) info_signature = value.get<std::string>();
    if (word == "qeidentitysignature" && value.is_string()) identity_signature = value.get<std::string>();
    known = known || word == "tcbinfo" || word == "qeidentity" || word == "pckcrl" || word == "rootcacrl";
  }
  if (!known) return false;
  for (const auto& [key, value] : object.items()) {
    const std::string word = plain(key);
    const std::string part = fmt::format("{}: {}", name, key);
    const auto add = [&]() -> Result<void> {
      if (is_certificates_or_list(word) && value.is_string()) {
        const std::string_view given = trimmed_of_zeros(value.get_ref<const std::string&>());
        if (given.empty()) return {};
        if (given.starts_with("-----BEGIN")) return collateral.add(part, as_bytes(given));
        return collateral.add(part, TRY(decoded(given)));
      }
      if (word != "tcbinfo" && word != "qeidentity") return {};
      if (!value.is_string() && !value.is_object()) return invalid("neither text nor an object");
      const bool info = word == "tcbinfo";
      const auto text = TRY(json_member_text(original, key));
      return add_member(part, value, text.value_or(""), info ? info_signature : identity_signature,
                        info ? Kind::kTcbInfo : Kind::kIdentity, collateral);
    };
    TRY(add().within(part));
  }
  return true;
}

}  // namespace

Result<bool> add_intel_json(std::string_view name, const json& value, BytesView original, Collateral& collateral) {
  if (!value.is_object()) return false;
  const std::string_view text = trimmed_of_zeros(as_text(original));
  for (const Kind kind : {Kind::kTcbInfo, Kind::kIdentity}) {
    const auto answer = TRY(from_answer(text, value, kind).within(name));
    if (!answer) continue;
    TRY(add_signed(name, *answer, kind, collateral).within(name));
    return true;
  }
  if (value.contains("tcbEvaluationDataNumbers")) return true;
  return add_collection(name, value, text, collateral);
}

}  // namespace adyton
