// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "attest/appraise/report.h"
#include "attest/appraise/report_parts.h"
#include "attest/appraise/report_style.h"
#include "attest/verify/chain.h"
#include "base/error.h"
#include "base/utc.h"

namespace adyton {
namespace {

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : shown(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

struct Tone {
  std::string_view css, text;
};

Tone tone_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed: return {"good", "passed"};
    case Outcome::kFailed: return {"bad", "failed"};
    case Outcome::kMissing: return {"warn", "missing"};
    case Outcome::kOutOfTime: return {"warn", "out of time"};
    case Outcome::kNoted: break;
  }
  return {"note", "note"};
}

// What a comma separates; empty for an empty text.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    out.push_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

class Html {
 public:
  void raw(std::string_view text) { out_ += text; }
  void heading(std::string_view text) { out_ += fmt::format("<h2>{}</h2>\n", escape(text)); }
  void rows(std::string_view title, const std::vector<Row>& rows) {
    if (rows.empty()) return;
    if (!title.empty()) heading(title);
    raw("<table class=pairs>\n");
    for (const Row& row : rows) {
      out_ += fmt::format("<tr><th>{}</th><td class=value>{}</td></tr>\n", escape(row.name), escape(row.value));
    }
    raw("</table>\n");
  }
  void step(Tone tone, std::string_view name, std::string_view detail) {
    out_ += fmt::format("<li class={0}><span class=mark>{1}</span><b>{2}</b><span class=detail>{3}</span></li>\n",
                        tone.css, tone.text, escape(name), escape(detail));
  }

  void problems(const Verified& verified, const Verdict& verdict);
  void clauses(const Verdict& verdict);
  void components(const Findings& findings);
  void chains(std::span<const ChainLink> links);
  void checks(const Findings& findings);
  void fields(const Findings& findings);
  void all_of(const Findings& findings, std::string_view title);
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void component_rows(std::string_view name, std::string_view platform, std::string_view level);

  std::string out_;
};

// All that stands in the way of acceptance.
void Html::problems(const Verified& verified, const Verdict& verdict) {
  const std::vector<FoundCheck> problems = problems_of(verified.findings());
  const bool denied = std::ranges::any_of(verdict.clauses(), [](const Clause& clause) { return !clause.holds; });
  if (problems.empty() && !denied) return;
  heading(verdict.accepted() ? "What is missing" : "Why");
  raw("<ul class=steps>\n");
  for (const FoundCheck& one : problems) {
    step(tone_of(one.check->outcome), one.part + std::string(one.check->what), one.check->detail);
  }
  for (const Clause& clause : verdict.clauses()) {
    if (clause.holds) continue;
    step({"bad", "not wanted"}, clause.name,
         fmt::format("is {}, where {} is wanted{}", clause.found, clause.wanted,
                     clause.remedy.empty() ? "" : fmt::format(" (to accept it: {})", clause.remedy)));
  }
  raw("</ul>\n");
}

void Html::clauses(const Verdict& verdict) {
  if (verdict.clauses().empty()) return;
  heading("What was wanted");
  raw("<div class=wide><table>\n<tr><th></th><th>clause</th><th>wanted</th><th>found</th></tr>\n");
  for (const Clause& clause : verdict.clauses()) {
    raw(fmt::format(
        "<tr class={}><td class=mark>{}</td><td>{}</td><td class=value>{}</td><td class=value>{}</td></tr>\n",
        clause.holds ? "good" : "bad", clause.holds ? "holds" : "does not hold", escape(clause.name),
        escape(clause.wanted), escape(clause.found)));
  }
  raw("</table></div>\n");
}

void Html::component_rows(std::string_view name, std::string_view platform, std::string_view level) {
  const std::vector<std::string_view> have = split(platform), needed = split(level);
  if (have.empty()) return;
  const auto line = [&](std::string_view what, const std::vector<std::string_view>& numbers) {
    raw(fmt::format("<tr><th>{} {}</th>", escape(name), what));
    for (const std::string_view number : numbers) raw(fmt::format("<td>{}</td>", escape(number)));
    raw("</tr>\n");
  };
  line("of the platform", have);
  if (!needed.empty()) line("of its level", needed);
}

// Intel's: the versions of the platform's parts beside those of the level it reaches.
void Html::components(const Findings& findings) {
  const std::string_view sgx = field_of(findings, "PCK TCB components");
  if (sgx.empty()) return;
  heading("TCB components");
  raw("<div class=wide><table class=numbers>\n<tr><th></th>");
  for (std::size_t i = 1; i <= split(sgx).size(); ++i) raw(fmt::format("<th>{}</th>", i));
  raw("</tr>\n");
  component_rows("SGX SVNs", sgx, field_of(findings, "TCB level components"));
  component_rows("TDX SVNs", field_of(findings, "TEE TCB components"), field_of(findings, "TCB level TDX components"));
  component_rows("PCESVN", field_of(findings, "PCK PCESVN"), field_of(findings, "TCB level PCESVN"));
  raw("</table></div>\n");
  if (field_of(findings, "TEE TCB components").empty()) return;
  raw("<p class=detail>Of the TDX SVNs, 1 and 2 are those of the TDX module. Unless 2 is zero, the module is judged by "
      "its "
      "own levels.</p>\n");
}

// The anchor on top, the leaf at the bottom: who vouches for whom.
void Html::chains(std::span<const ChainLink> links) {
  if (links.empty()) return;
  heading("Who vouches for it");
  raw("<div class=chains>\n");
  for (const auto chain : chains_of(links)) {
    raw("<ol class=chain>\n");
    for (std::size_t i = chain.size(); i-- > 0;) {
      const Certificate& one = chain[i].certificate;
      raw(fmt::format(
          "<li{}><span class=role>{}{}</span><b>{}</b><span class=detail>{}<br>{} to {}<br>serial {}</span>"
          "</li>\n",
          chain[i].anchor ? " class=anchor" : "", escape(chain[i].role), chain[i].anchor ? " &middot; trusted" : "",
          escape(short_name(one.subject())), escape(one.subject().text), utc_text(one.not_before()),
          utc_text(one.not_after()), to_hex(one.serial())));
    }
    raw("</ol>\n");
  }
  raw("</div>\n");
}

void Html::checks(const Findings& findings) {
  if (findings.checks.empty()) return;
  raw(fmt::format("<details><summary>All {} steps of the verification</summary>\n<ul class=steps>\n",
                  findings.checks.size()));
  for (const Check& check : findings.checks) step(tone_of(check.outcome), check.what, check.detail);
  raw("</ul>\n</details>\n");
}

void Html::fields(const Findings& findings) {
  if (findings.fields.empty()) return;
  raw("<details><summary>All fields, in the vendor's words</summary>\n");
  std::vector<Row> rows;
  for (const Field& field : findings.fields) rows.push_back({field.name, field.value.empty() ? "-" : field.value});
  this->rows("", rows);
  raw("</details>\n");
}

void Html::all_of(const Findings& findings, std::string_view title) {
  rows(title, identity_rows(findings.claims));
  rows("What was loaded", register_rows(findings.claims));
  rows("How fresh the platform is", freshness_rows(findings));
  components(findings);
  chains(findings.chain);
  checks(findings);
  fields(findings);
  for (const auto& [name, part] : findings.parts) {
    raw(fmt::format("<section>\n<h2 class=part>Part: {}</h2>\n", escape(name)));
    all_of(part, "What it says");
    raw("</section>\n");
  }
}

}  // namespace

std::string report_html(const Verified& verified, const Verdict& verdict) {
  const std::string_view tone = verdict.accepted() ? "good" : verdict.exit_status() == 14 ? "bad" : "warn";
  const std::string_view sign = verdict.accepted() ? "&#10003;" : verdict.exit_status() == 14 ? "&#10007;" : "!";
  const bool told = verified.answer() == Answer::kNotGenuine || verified.answer() == Answer::kUndecided;
  const std::string wrapping = verified.wrapping().empty() ? "" : escape(fmt::format(" ({})", verified.wrapping()));
  Html page;
  page.raw(fmt::format(
      "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<meta http-equiv=Content-Security-Policy "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<meta name=viewport "
      "content=\"width=device-width\">\n"
      "<title>{0}: {1}</title>\n<style>{2}\n</style>\n"
      "<header class={3}><span class=sign>{4}</span><div><h1>{1}</h1>\n<p>{0}{5}, checked for {6}</p></div></header>\n",
      escape(verified.kind()), escape(headline(verified, verdict)), kReportStyle, tone, sign, wrapping,
      utc_text(verified.time())));
  page.problems(verified, verdict);
  page.all_of(verified.findings(), told ? "What it says it is" : "What it is");
  page.clauses(verdict);
  page.raw("</html>\n");
  return page.take();
}

}  // namespace adyton
