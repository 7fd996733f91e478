// SPDX-License-Identifier: Apache-2.0
#include "attest/appraise/report.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "attest/appraise/report_parts.h"
#include "base/error.h"
#include "base/utc.h"

namespace adyton {
namespace {

constexpr std::size_t kLongest = 40;  // of a value that a headline repeats

std::size_t count(const std::vector<FoundCheck>& problems, Outcome outcome) {
  return static_cast<std::size_t>(
      std::ranges::count(problems, outcome, [](const FoundCheck& one) { return one.check->outcome; }));
}

std::string because_failed(const std::vector<FoundCheck>& problems) {
  const std::size_t failed = count(problems, Outcome::kFailed);
  if (failed == 0) return "Not genuine";
  const std::string first = fmt::format("Not genuine: {}{}", problems[0].part, problems[0].check->what);
  return failed == 1 ? first : fmt::format("{} and {} more", first, failed - 1);
}

std::string because_missing(const std::vector<FoundCheck>& problems) {
  const std::size_t missing = count(problems, Outcome::kMissing);
  if (missing == 0) return "Cannot tell: there is nothing that could be checked";
  return missing == 1 ? "Cannot tell: something that is needed is missing"
                      : fmt::format("Cannot tell: {} things that are needed are missing", missing);
}

std::string because_denied(const std::vector<Clause>& clauses) {
  const auto clause = std::ranges::find(clauses, false, &Clause::holds);
  if (clause == clauses.end()) return "Genuine, but not as wanted";
  if (clause->found.size() > kLongest) return fmt::format("Genuine, but not as wanted: another {}", clause->name);
  return fmt::format("Genuine, but not as wanted: {} is {}", clause->name, clause->found);
}

}  // namespace

std::string headline(const Verified& verified, const Verdict& verdict) {
  const std::vector<FoundCheck> problems = problems_of(verified.findings());
  switch (verdict.exit_status()) {
    case 0:
      return verified.answer() == Answer::kGenuine ? "Genuine, and as wanted"
                                                   : "As wanted, as far as can be told without what is missing";
    case 14: return shown(because_failed(problems));
    case 12: return because_missing(problems);
    case 15: return "Genuine, but not at this time";
    default: return shown(because_denied(verdict.clauses()));
  }
}

namespace {

using OrderedJson = nlohmann::ordered_json;

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
OrderedJson or_null(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson claims_json(const Claims& claims) {
  OrderedJson registers = OrderedJson::object();
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

OrderedJson findings_json(const Findings& findings) {
  OrderedJson checks = OrderedJson::array(), chain = OrderedJson::array(), parts = OrderedJson::object(),
              fields = OrderedJson::object();
  for (const Check& check : findings.checks) {
    checks.push_back({{"what", check.what}, {"outcome", name_of(check.outcome)}, {"detail", check.detail}});
  }
  for (const ChainLink& link : findings.chain) {
    chain.push_back({{"role", link.role},
                     {"subject", link.certificate.subject().text},
                     {"issuer", link.certificate.issuer().text},
                     {"serial", to_hex(link.certificate.serial())},
                     {"not_before", utc_text(link.certificate.not_before())},
                     {"not_after", utc_text(link.certificate.not_after())},
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
  OrderedJson out{{"kind", verified.kind()},
                  {"wrapping", verified.wrapping()},
                  {"answer", name_of(verified.answer())},
                  {"accepted", verdict.accepted()},
                  {"exit_status", verdict.exit_status()},
                  {"headline", headline(verified, verdict)},
                  {"time", utc_text(verified.time())}};
  OrderedJson clauses = OrderedJson::array();
  for (const Clause& clause : verdict.clauses()) {
    clauses.push_back({{"name", clause.name},
                       {"wanted", clause.wanted},
                       {"found", clause.found},
                       {"holds", clause.holds},
                       {"remedy", clause.remedy}});
  }
  out["clauses"] = clauses;
  out.update(findings_json(verified.findings()));
  // Foreign text may be anything: what is not UTF-8 is replaced, what is not ASCII escaped.
  return out.dump(2, ' ', true, OrderedJson::error_handler_t::replace);
}

}  // namespace adyton
