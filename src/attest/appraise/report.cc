// SPDX-License-Identifier: Apache-2.0
#include "attest/appraise/report.h"

#include <algorithm>
#include <chrono>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace adyton {
namespace {

// The first check of an outcome, in the findings or one of their parts.
const Check* first_with(const Findings& findings, Outcome outcome) {
  for (const Check& check : findings.checks) {
    if (check.outcome == outcome) return &check;
  }
  for (const auto& [name, part] : findings.parts) {
    if (const Check* found = first_with(part, outcome)) return found;
  }
  return nullptr;
}

std::string because(const Findings& findings, Outcome outcome) {
  const Check* check = first_with(findings, outcome);
  return check == nullptr ? "" : fmt::format(": {}: {}", check->what, check->detail);
}

}  // namespace

std::string headline(const Verified& verified, const Verdict& verdict) {
  switch (verdict.exit_status()) {
    case 0:
      return verified.answer() == Answer::kGenuine ? "Genuine, and as wanted"
                                                   : "As wanted, as far as can be told without what is missing";
    case 14: return "Not genuine" + because(verified.findings(), Outcome::kFailed);
    case 12: return "Cannot tell" + because(verified.findings(), Outcome::kMissing);
    case 15: return "Genuine, but not at this time" + because(verified.findings(), Outcome::kOutOfTime);
    default: break;
  }
  const auto clause = std::ranges::find(verdict.clauses(), false, &Clause::holds);
  if (clause == verdict.clauses().end()) return "Genuine, but not as wanted";
  return fmt::format("Genuine, but not as wanted: {} is {}, not {}", clause->name, clause->found, clause->wanted);
}

std::string time_text(std::int64_t seconds) {
  const auto time = std::chrono::sys_seconds(std::chrono::seconds(seconds));
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

Result<std::int64_t> parse_time(std::string_view text) {
  const Error bad = invalid("\"{}\" is no time: write it as 2025-01-31T12:00:00Z or 2025-01-31", text);
  std::string full(text);
  if (full.size() == 10) full += "T00:00:00Z";
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:ddZ";
  if (full.size() != kShape.size()) return bad;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = full[i] >= '0' && full[i] <= '9';
    if (kShape[i] == 'd' ? !digit : full[i] != kShape[i]) return bad;
  }
  const auto part = [&](std::size_t at, std::size_t size) {
    return static_cast<unsigned>(std::stoul(full.substr(at, size)));
  };
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(part(0, 4))),
                                         std::chrono::month(part(5, 2)), std::chrono::day(part(8, 2)));
  if (!date.ok() || part(11, 2) > 23 || part(14, 2) > 59 || part(17, 2) > 59) return bad;
  return std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t{86400} + part(11, 2) * 3600 +
         part(14, 2) * 60 + part(17, 2);
}

namespace {

using Json = nlohmann::ordered_json;

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed: return "passed";
    case Outcome::kFailed: return "failed";
    case Outcome::kMissing: return "missing";
    case Outcome::kOutOfTime: return "out of time";
    case Outcome::kNoted: break;
  }
  return "noted";
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json claims_json(const Claims& claims) {
  Json registers = Json::object();
  for (const Claims::Register& one : claims.boot_chain) registers[one.name] = to_hex(one.value);
  return {{"platform", claims.platform},
          {"hardware_model", claims.hardware_model},
          {"tcb_status", name_of(claims.tcb_status)},
          {"advisories", claims.advisories},
          {"debug", or_null(claims.debug)},
          {"measurement", to_hex(claims.measurement)},
          {"signer", to_hex(claims.signer)},
          {"product", or_null(claims.product)},
          {"svn", or_null(claims.svn)},
          {"report_data", to_hex(claims.report_data)},
          {"host_data", to_hex(claims.host_data)},
          {"registers", registers}};
}

Json findings_json(const Findings& findings) {
  Json checks = Json::array(), chain = Json::array(), parts = Json::object(), fields = Json::object();
  for (const Check& check : findings.checks) {
    checks.push_back({{"what", check.what}, {"outcome", name_of(check.outcome)}, {"detail", check.detail}});
  }
  for (const ChainLink& link : findings.chain) {
    chain.push_back({{"role", link.role},
                     {"subject", link.certificate.subject().text},
                     {"issuer", link.certificate.issuer().text},
                     {"serial", to_hex(link.certificate.serial())},
                     {"not_before", time_text(link.certificate.not_before())},
                     {"not_after", time_text(link.certificate.not_after())},
                     {"anchor", link.anchor}});
  }
  for (const Field& field : findings.fields) fields[field.name] = field.value;
  for (const auto& [name, part] : findings.parts) parts[name] = findings_json(part);
  return {{"claims", claims_json(findings.claims)},
          {"checks", checks},
          {"chain", chain},
          {"fields", fields},
          {"parts", parts}};
}

}  // namespace

std::string report_json(const Verified& verified, const Verdict& verdict) {
  Json out{{"kind", verified.kind()},
           {"wrapping", verified.wrapping()},
           {"answer", name_of(verified.answer())},
           {"accepted", verdict.accepted()},
           {"exit_status", verdict.exit_status()},
           {"headline", headline(verified, verdict)},
           {"time", time_text(verified.time())}};
  Json clauses = Json::array();
  for (const Clause& clause : verdict.clauses()) {
    clauses.push_back({{"name", clause.name},
                       {"wanted", clause.wanted},
                       {"found", clause.found},
                       {"holds", clause.holds},
                       {"remedy", clause.remedy}});
  }
  out["clauses"] = clauses;
  out.update(findings_json(verified.findings()));
  // Foreign text may be anything: what is not UTF-8 is replaced.
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace adyton
