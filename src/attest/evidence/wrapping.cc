// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/wrapping.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "attest/evidence/wrapping_text.h"
#include "base/cbor.h"
#include "base/error.h"
#include "base/utf8.h"

namespace adyton {
namespace {

using Candidate = Unwrapped::Candidate;
constexpr std::size_t kMaxPemBlocks = 8;
constexpr std::size_t kMaxJsonDepth = 16;
constexpr std::size_t kLeastArray = 16;  // bytes: less is a list of numbers more likely than evidence

// Names of members that hold evidence, in lower case and without '_' and '-'.
constexpr std::string_view kNames[] = {
    "attestation",
    "attestationdoc",
    "attestationdocument",
    "attestationreport",
    "attestationtoken",
    "ccatoken",
    "evidence",
    "nitroattestation",
    "psatoken",
    "quote",
    "quotehex",
    "rawevidence",
    "rawquote",
    "report",
    "sgxquote",
    "snpreport",
    "sevsnpreport",
    "tdquote",
    "tdxquote",
    "intelquote",
};

bool names_evidence(std::string_view name) {
  std::string plain;
  if (name.size() > 64) return false;
  for (char c : name) {
    if (c != '_' && c != '-') plain.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return std::ranges::find(kNames, plain) != std::end(kNames);
}

std::optional<Bytes> bytes_of_value(const Json& value) {
  if (const auto* text = value.get_ptr<const std::string*>(); text && !text->empty()) return to_bytes(*text);
  if (value.is_array() && !value.empty()) {
    if (auto bytes = bytes_of_array(value)) return std::move(*bytes);
    return {};
  }
  if (value.is_object()) return to_bytes(value.dump(-1, ' ', false, Json::error_handler_t::replace));
  return {};
}

void open_json(std::string_view text, std::vector<Candidate>& out) {
  const bool string = text.front() == '"' && text.back() == '"', object = text.front() == '{' && text.back() == '}',
             array = text.front() == '[' && text.back() == ']';
  if (!string && !object && !array) return;
  const Result<Json> json = parse_json(text, {.bytes = text.size(), .depth = kMaxJsonDepth});
  if (!json) return;
  if (const auto* inner = json->get_ptr<const std::string*>()) {
    if (!inner->empty()) out.push_back({to_bytes(*inner), "a JSON string"});
    return;
  }
  if (json->is_array() && json->size() >= kLeastArray) {
    if (auto bytes = bytes_of_array(*json)) out.push_back({*std::move(bytes), "a JSON array of bytes"});
    return;
  }
  if (!json->is_object() || is_composite(*json)) return;
  const Json* found = nullptr;
  std::string name;
  for (const auto& [key, value] : json->items()) {
    if (!names_evidence(key)) continue;
    if (found) return;
    found = &value;
    name = key;
  }
  if (!found) return;
  if (auto bytes = bytes_of_value(*found)) {
    out.push_back({*std::move(bytes), fmt::format("JSON member \"{}\"", name)});
  }
}

// Without bytes if there is none, or more than one.
Result<Candidate> open_cbor_map(BytesView bytes) {
  constexpr cbor::Rules kRules{.deterministic = false, .indefinite = true};
  Candidate out;
  std::size_t count = 0;
  cbor::Reader reader(bytes, kRules);
  TRY(reader.read_map([&](const cbor::Key& key) -> Result<void> {
    const std::optional<std::string_view> name = key.text();
    const cbor::Type type = TRY(reader.peek());
    const bool readable = type == cbor::Type::kBytes || type == cbor::Type::kText;
    if (!name || !names_evidence(*name) || !readable) {
      TRY(reader.read_item());
      return {};
    }
    ++count;
    const BytesView value = type == cbor::Type::kBytes ? TRY(reader.read_bytes()) : as_bytes(TRY(reader.read_text()));
    out.bytes = to_bytes(value);
    out.trail = fmt::format("CBOR member \"{}\"", *name);
    return {};
  }));
  TRY(reader.finish());
  if (count != 1) out = {};
  return out;
}

// What one wrapping around `bytes` holds, if there is one.
std::vector<Candidate> open(BytesView bytes) {
  std::vector<Candidate> out;
  constexpr std::byte kMapType{0xa0}, kTypeBits{0xe0};
  if (!bytes.empty() && (bytes[0] & kTypeBits) == kMapType) {
    Result<Candidate> inner = open_cbor_map(bytes);
    if (inner && !inner->bytes.empty()) out.push_back(*std::move(inner));
    return out;
  }
  const std::optional<std::string_view> text = wrapped_text(bytes);
  if (!text) return out;
  if (auto hex = decode_loose_hex(*text)) {
    out.push_back({*std::move(hex), "hex"});
  } else if (text->starts_with("-----BEGIN ")) {
    for (LooseBlock& block : decode_loose_pem(*text, kMaxPemBlocks)) {
      out.push_back({std::move(block.bytes), fmt::format("PEM block \"{}\"", block.label)});
    }
  } else if (auto base64 = decode_loose_base64(*text)) {
    out.push_back({*std::move(base64), "base64"});
  } else {
    open_json(*text, out);
  }
  return out;
}

}  // namespace

bool is_composite(const Json& object) {
  return std::ranges::any_of(std::array{"hcl_report", "tpm_quote", "ak_public"},
                             [&](const char* part) { return find_member(object, part) != nullptr; });
}

Unwrapped unwrap(BytesView bytes, UnwrapLimits limits) {
  Unwrapped out;
  out.candidates.push_back({to_bytes(bytes), ""});
  if (bytes.size() > limits.bytes) return out;
  std::size_t level_begin = 0;
  for (std::size_t level = 0; level < limits.levels; ++level) {
    const std::size_t level_end = out.candidates.size();
    for (std::size_t i = level_begin; i < level_end; ++i) {
      for (Candidate& inner : open(out.candidates[i].bytes)) {
        if (out.candidates.size() >= limits.candidates) return out;
        const std::string& outer = out.candidates[i].trail;
        if (!outer.empty()) inner.trail += " in " + outer;
        out.candidates.push_back(std::move(inner));
      }
    }
    level_begin = level_end;
  }
  return out;
}

}  // namespace adyton
