// SPDX-License-Identifier: Apache-2.0
#include "attest/appraise/policy.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace adyton {
namespace {

std::string show(const std::string& text) { return text.empty() ? "nothing" : text; }
std::string show(const Bytes& bytes) { return bytes.empty() ? "nothing" : to_hex(bytes); }
std::string show(std::uint64_t number) { return std::to_string(number); }
std::string show(TcbStatus status) { return std::string(name_of(status)); }

template <class T>
std::string show_choice(const std::vector<T>& choice) {
  std::string out;
  for (const T& one : choice) out += (out.empty() ? "" : " or ") + show(one);
  return out;
}

template <class T>
bool contains(const std::vector<T>& choice, const T& value) {
  return std::ranges::find(choice, value) != choice.end();
}

// Collects the clauses of one appraisal.
class Clauses {
 public:
  void add(std::string name, std::string wanted, std::string found, bool holds, std::string remedy = {}) {
    clauses_.push_back({std::move(name), std::move(wanted), std::move(found), holds, holds ? "" : std::move(remedy)});
  }

  // Nothing, if nothing is wanted.
  template <class T>
  void one_of(std::string name, const std::vector<T>& wanted, const T& found) {
    if (!wanted.empty()) add(std::move(name), show_choice(wanted), show(found), contains(wanted, found));
  }

  // What the workload put in may be shorter than its field: what is left of that must be zero.
  void padded(std::string name, const std::vector<Bytes>& wanted, const Bytes& found) {
    if (wanted.empty()) return;
    const bool holds = std::ranges::any_of(wanted, [&](const Bytes& one) {
      return one.size() <= found.size() && std::ranges::equal(one, BytesView(found).first(one.size())) &&
             std::ranges::all_of(BytesView(found).subspan(one.size()), [](std::byte b) { return b == std::byte{0}; });
    });
    add(std::move(name), show_choice(wanted), show(found), holds);
  }

  std::vector<Clause> take() { return std::move(clauses_); }

 private:
  std::vector<Clause> clauses_;
};

// The field of this name; "PART/FIELD" for one of a part.
std::string find_field(const Findings& findings, std::string_view name) {
  for (const Field& field : findings.fields) {
    if (field.name == name) return field.value;
  }
  const std::size_t slash = name.find('/');
  if (slash == name.npos) return "";
  for (const auto& [part, inner] : findings.parts) {
    if (part == name.substr(0, slash)) return find_field(inner, name.substr(slash + 1));
  }
  return "";
}

// Nothing, if it is anything but decimal digits; fields that begin with a zero are hexadecimal bytes.
std::optional<std::uint64_t> decimal(std::string_view text) {
  if (text.size() > 1 && text.starts_with('0')) return std::nullopt;
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

// Debug, TCB status and what other verifiers decided hold for every part: evidence is as good as its weakest part.
void add_state(const std::string& prefix, const Findings& findings, const Policy& policy, Clauses& out) {
  const Claims& claims = findings.claims;
  if (claims.debug) {
    out.add(prefix + "debug", policy.accept_debug ? "either" : "false", *claims.debug ? "true" : "false",
            policy.accept_debug || !*claims.debug, "--allow-debug");
  }
  // What is not known for want of collateral is `undecided` already.
  if (claims.tcb_status != TcbStatus::kNone && claims.tcb_status != TcbStatus::kUnknown) {
    out.add(prefix + "tcb_status", show_choice(policy.tcb_status), show(claims.tcb_status),
            contains(policy.tcb_status, claims.tcb_status), fmt::format("--allow-tcb {}", name_of(claims.tcb_status)));
  }
  if (!claims.appraisal.empty()) {
    out.add(prefix + "ear_status", show_choice(policy.ear_status), claims.appraisal,
            contains(policy.ear_status, claims.appraisal), fmt::format("--allow-ear {}", claims.appraisal));
  }
  if (policy.advisories) {
    const std::string wanted = policy.advisories->empty() ? "none" : show_choice(*policy.advisories);
    for (const std::string& advisory : claims.advisories) {
      out.add(prefix + "advisories", wanted, advisory, contains(*policy.advisories, advisory));
    }
  }
  for (const auto& [name, part] : findings.parts) add_state(prefix + name + "/", part, policy, out);
}

int exit_status_for(Answer answer, bool holds) {
  switch (answer) {
    case Answer::kNotGenuine: return exit_status_of(ErrorCode::kUntrusted);
    case Answer::kUndecided: return exit_status_of(ErrorCode::kUnavailable);
    case Answer::kOutOfTime: return exit_status_of(ErrorCode::kExpired);
    case Answer::kGenuine: break;
  }
  return holds ? 0 : exit_status_of(ErrorCode::kDenied);
}

}  // namespace

Verdict appraise(const Verified& verified, const Policy& policy) {
  const Claims& claims = verified.claims();
  Clauses clauses;
  add_state("", verified.findings(), policy, clauses);
  clauses.one_of("platform", policy.platform, claims.platform);
  clauses.one_of("hardware_model", policy.hardware_model, claims.hardware_model);
  clauses.one_of("measurement", policy.measurement, claims.measurement);
  clauses.one_of("signer", policy.signer, claims.signer);
  if (!policy.product.empty()) {
    clauses.add("product", show_choice(policy.product), claims.product ? show(*claims.product) : "nothing",
                claims.product && contains(policy.product, *claims.product));
  }
  if (policy.least_svn) {
    clauses.add("svn", fmt::format("at least {}", *policy.least_svn), claims.svn ? show(*claims.svn) : "nothing",
                claims.svn && *claims.svn >= *policy.least_svn);
  }
  clauses.padded("report_data", policy.report_data, claims.report_data);
  clauses.padded("host_data", policy.host_data, claims.host_data);
  for (const auto& [name, wanted] : policy.registers) {
    const auto found = std::ranges::find(claims.boot_chain, name, &Claims::Register::name);
    clauses.one_of("registers." + name, wanted, found == claims.boot_chain.end() ? Bytes() : found->value);
  }
  for (const auto& [name, wanted] : policy.fields) {
    clauses.one_of("fields." + name, wanted, find_field(verified.findings(), name));
  }
  for (const auto& [name, least] : policy.least_fields) {
    const std::string found = find_field(verified.findings(), name);
    const std::optional<std::uint64_t> number = decimal(found);
    clauses.add("at_least." + name, fmt::format("at least {}", least), show(found), number && *number >= least);
  }

  Verdict out;
  out.clauses_ = clauses.take();
  const Answer answer = policy.accept_missing ? answer_of(verified.findings(), true) : verified.answer();
  out.exit_status_ = exit_status_for(answer, std::ranges::all_of(out.clauses_, &Clause::holds));
  return out;
}

}  // namespace adyton
