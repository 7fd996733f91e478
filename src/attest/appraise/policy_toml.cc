// SPDX-License-Identifier: Apache-2.0
#include "attest/appraise/policy.h"

#include <algorithm>

#include "base/error.h"
#include "base/toml.h"

namespace adyton {
namespace {

Error at(const TomlEntry& entry, const std::string& name, std::string_view what) {
  return invalid("line {}: {}: {}", entry.line, name, what);
}

Result<std::string> text_of(const TomlNode& node) {
  const std::string* text = node.as_text();
  if (text == nullptr) return invalid("not a text in quotes");
  if (text->empty()) return invalid("an empty text expects nothing: leave the key out");
  return *text;
}

Result<Bytes> hex_of(const TomlNode& node) { return parse_hex(TRY(text_of(node))); }

Result<std::uint64_t> number_of(const TomlNode& node) {
  const std::int64_t* number = node.as_integer();
  if (number == nullptr || *number < 0) return invalid("not a whole number of at least 0");
  return static_cast<std::uint64_t>(*number);
}

Result<TcbStatus> status_of(const TomlNode& node) { return parse_tcb_status(TRY(text_of(node))); }

Result<std::string> tier_of(const TomlNode& node) { return parse_ear_status(TRY(text_of(node))); }

// One value, or a list of them, of which one has to fit.
template <class T>
Result<void> read_choice(const TomlEntry& entry, const std::string& name, Result<T> (*one)(const TomlNode&),
                         std::vector<T>& out) {
  out.clear();
  const auto take = [&](const TomlNode& node) -> Result<void> {
    auto value = one(node);
    if (!value) return at(entry, name, value.error().message);
    out.push_back(*std::move(value));
    return {};
  };
  const TomlNode::Array* list = entry.node.as_array();
  if (list == nullptr) return take(entry.node);
  if (list->empty()) return at(entry, name, "an empty list expects nothing: leave the key out");
  for (const TomlNode& node : *list) TRY(take(node));
  return {};
}

Result<void> read_boolean(const TomlEntry& entry, const std::string& name, bool& out) {
  if (entry.node.as_boolean() == nullptr) return at(entry, name, "neither true nor false");
  out = *entry.node.as_boolean();
  return {};
}

Result<void> read_accept(const TomlEntry& entry, Policy& out) {
  const std::string name = "accept." + entry.key;
  if (entry.key == "debug") return read_boolean(entry, name, out.accept_debug);
  if (entry.key == "missing") return read_boolean(entry, name, out.accept_missing);
  if (entry.key == "tcb_status") return read_choice(entry, name, status_of, out.tcb_status);
  if (entry.key == "ear_status") return read_choice(entry, name, tier_of, out.ear_status);
  if (entry.key != "advisories") return at(entry, name, "unknown key");
  out.advisories.emplace();
  // An empty list has a meaning here: no advisory may be open.
  if (entry.node.as_array() != nullptr && entry.node.as_array()->empty()) return {};
  return read_choice(entry, name, text_of, *out.advisories);
}

template <class T>
Result<void> read_named(const TomlEntry& table, const std::string& prefix, Result<T> (*one)(const TomlNode&),
                        std::vector<std::pair<std::string, std::vector<T>>>& out) {
  if (table.node.as_table() == nullptr) return at(table, prefix, "not a table");
  for (const TomlEntry& entry : *table.node.as_table()) {
    out.emplace_back(entry.key, std::vector<T>());
    TRY(read_choice(entry, prefix + "." + entry.key, one, out.back().second));
  }
  return {};
}

Result<void> read_least_fields(const TomlEntry& table, const std::string& prefix, Policy& out) {
  if (table.node.as_table() == nullptr) return at(table, prefix, "not a table");
  for (const TomlEntry& entry : *table.node.as_table()) {
    const auto least = number_of(entry.node);
    if (!least) return at(entry, prefix + "." + entry.key, least.error().message);
    out.least_fields.emplace_back(entry.key, *least);
  }
  return {};
}

Result<void> read_expect(const TomlEntry& entry, Policy& out) {
  const std::string name = "expect." + entry.key;
  if (entry.key == "platform") return read_choice(entry, name, text_of, out.platform);
  if (entry.key == "hardware_model") return read_choice(entry, name, text_of, out.hardware_model);
  if (entry.key == "measurement") return read_choice(entry, name, hex_of, out.measurement);
  if (entry.key == "signer") return read_choice(entry, name, hex_of, out.signer);
  if (entry.key == "report_data") return read_choice(entry, name, hex_of, out.report_data);
  if (entry.key == "host_data") return read_choice(entry, name, hex_of, out.host_data);
  if (entry.key == "product") return read_choice(entry, name, number_of, out.product);
  if (entry.key == "registers") return read_named(entry, name, hex_of, out.registers);
  if (entry.key == "fields") return read_named(entry, name, text_of, out.fields);
  if (entry.key == "at_least") return read_least_fields(entry, name, out);
  if (entry.key != "svn") return at(entry, name, "unknown key");
  auto least = number_of(entry.node);
  if (!least) return at(entry, name, least.error().message);
  out.least_svn = *least;
  return {};
}

}  // namespace

Result<std::string> parse_ear_status(std::string_view name) {
  if (trust_tier_of(name)) return std::string(name);
  return invalid("\"{}\" is no status of an attestation result: affirming, warning, contraindicated, none",
                 name.substr(0, 64));
}

Result<Policy> parse_policy(std::string_view toml) {
  Policy out;
  for (const TomlEntry& table : TRY(parse_toml(toml).within("policy"))) {
    Result<void> (*read)(const TomlEntry&, Policy&) = nullptr;
    if (table.key == "accept") read = read_accept;
    if (table.key == "expect") read = read_expect;
    if (read == nullptr) return invalid("policy: line {}: {}: unknown key", table.line, table.key);
    if (table.node.as_table() == nullptr) return invalid("policy: line {}: {}: not a table", table.line, table.key);
    for (const TomlEntry& entry : *table.node.as_table()) TRY(read(entry, out).within("policy"));
  }
  return out;
}

namespace {

bool usual(TcbStatus status) {
  return status == TcbStatus::kNone || status == TcbStatus::kUnknown || status == TcbStatus::kUpToDate ||
         status == TcbStatus::kSwHardeningNeeded;
}

void write_hex(std::string& out, std::string_view key, BytesView bytes) {
  if (!bytes.empty()) out += fmt::format("{} = \"{}\"\n", key, to_hex(bytes));
}

// What other verifiers decided, each once, beside what is accepted anyway.
void collect_ear_statuses(const Findings& findings, std::vector<std::string>& out) {
  const std::string& one = findings.claims.appraisal;
  if (!one.empty() && std::ranges::find(out, one) == out.end()) out.push_back(one);
  for (const auto& [name, part] : findings.parts) collect_ear_statuses(part, out);
}

}  // namespace

Result<std::string> policy_text_of(const Verified& sample) {
  if (sample.answer() == Answer::kNotGenuine) return untrusted("this sample is not genuine: no policy is made from it");
  const Claims& claims = sample.claims();
  std::string out = fmt::format("# Accepts what a sample said: {}.\n[accept]\n", sample.kind());
  out += fmt::format("debug = {}\n", claims.debug.value_or(false));
  out += "tcb_status = [\"UpToDate\", \"SWHardeningNeeded\"";
  if (!usual(claims.tcb_status)) out += ", " + toml_text(name_of(claims.tcb_status));
  out += usual(claims.tcb_status) ? "]\n" : "]  # the last one is the sample's: is that what you want?\n";
  std::vector<std::string> statuses = {"affirming"};
  collect_ear_statuses(sample.findings(), statuses);
  if (statuses.size() > 1) {
    out += "ear_status = [";
    for (const std::string& status : statuses) out += (out.ends_with('[') ? "" : ", ") + toml_text(status);
    out += "]  # as the sample has it: is that what you want?\n";
  }
  out += fmt::format("\n[expect]\nplatform = {}\n", toml_text(claims.platform));
  if (!claims.hardware_model.empty()) out += fmt::format("hardware_model = {}\n", toml_text(claims.hardware_model));
  write_hex(out, "measurement", claims.measurement);
  write_hex(out, "signer", claims.signer);
  if (claims.product) out += fmt::format("product = {}\n", *claims.product);
  if (claims.svn) out += fmt::format("svn = {}\n", *claims.svn);
  write_hex(out, "host_data", claims.host_data);
  if (!claims.boot_chain.empty()) out += "\n[expect.registers]\n";
  for (const Claims::Register& one : claims.boot_chain) write_hex(out, toml_text(one.name), one.value);
  return out;
}

}  // namespace adyton
