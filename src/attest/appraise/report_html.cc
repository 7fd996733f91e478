// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "attest/appraise/report.h"
#include "base/error.h"
#include "base/utc.h"

namespace adyton {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --line: #8884; --faint: #777; --good: #15803d; --bad: #b91c1c; --warn: #b45309; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
header { border-left: .5rem solid var(--tone); padding: .2rem 1rem; margin-bottom: 2rem; }
h1 { font-size: 1.5rem; margin: 0; color: var(--tone); overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; } p { margin: .2rem 0; color: var(--faint); }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0;
  border-bottom: 1px solid var(--line); } td { overflow-wrap: anywhere; } th { font-weight: 600; white-space: nowrap; }
.value { font-family: ui-monospace, monospace; font-size: .85rem; }
.mark { font-weight: 600; white-space: nowrap; } .good { color: var(--good); } .bad { color: var(--bad); }
.warn { color: var(--warn); } .note { color: var(--faint); }
ol.chain { list-style: none; padding: 0; display: flex; flex-direction: column; align-items: flex-start; }
ol.chain li { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem 1rem; min-width: 24rem; max-width: 100%;
  box-sizing: border-box; } ol.chain li.anchor { border: 2px solid var(--good); }
ol.chain .arrow { border: 0; padding: 0 1rem; min-width: 0; color: var(--faint); }
details summary { cursor: pointer; font-weight: 600; margin-top: 2rem; })";

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 && c != '\n' ? ' ' : c;
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
    case Outcome::kFailed: return {"bad", "FAILED"};
    case Outcome::kMissing: return {"warn", "missing"};
    case Outcome::kOutOfTime: return {"warn", "out of time"};
    case Outcome::kNoted: break;
  }
  return {"note", "note"};
}

class Html {
 public:
  void raw(std::string_view text) { out_ += text; }
  void heading(std::string_view text) { out_ += fmt::format("<h2>{}</h2>\n", escape(text)); }
  void row(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out_ += fmt::format("<tr><th>{}</th><td class=value>{}</td></tr>\n", escape(name), escape(value));
  }
  void row(std::string_view name, const Bytes& bytes) { row(name, to_hex(bytes)); }

  void claims(const Claims& claims);
  void checks(const Findings& findings);
  void clauses(const Verdict& verdict);
  void chain(const std::vector<ChainLink>& links);
  void fields(const Findings& findings);
  void all_of(const Findings& findings);
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

void Html::claims(const Claims& claims) {
  heading("What it is");
  raw("<table>\n");
  row("platform", claims.platform);
  row("model", claims.hardware_model);
  if (claims.tcb_status != TcbStatus::kNone) row("TCB status", name_of(claims.tcb_status));
  std::string advisories;
  for (const std::string& one : claims.advisories) advisories += (advisories.empty() ? "" : ", ") + one;
  row("advisories", advisories);
  row("measurement", claims.measurement);
  row("signer", claims.signer);
  if (claims.product) row("product", std::to_string(*claims.product));
  if (claims.svn) row("svn", std::to_string(*claims.svn));
  if (claims.debug) row("debug", *claims.debug ? "yes: its memory can be read" : "no");
  row("report data", claims.report_data);
  row("host data", claims.host_data);
  for (const Claims::Register& one : claims.boot_chain) row(one.name, one.value);
  raw("</table>\n");
}

void Html::checks(const Findings& findings) {
  if (findings.checks.empty()) return;
  heading("What was checked");
  raw("<table>\n");
  for (const Check& check : findings.checks) {
    const Tone tone = tone_of(check.outcome);
    raw(fmt::format("<tr><td class=\"mark {}\">{}</td><th>{}</th><td>{}</td></tr>\n", tone.css, tone.text,
                    escape(check.what), escape(check.detail)));
  }
  raw("</table>\n");
}

void Html::clauses(const Verdict& verdict) {
  if (verdict.clauses().empty()) return;
  heading("What was wanted");
  raw("<table>\n<tr><th></th><th>clause</th><th>wanted</th><th>found</th></tr>\n");
  for (const Clause& clause : verdict.clauses()) {
    raw(fmt::format("<tr><td class=\"mark {}\">{}</td><th>{}</th><td class=value>{}</td><td class=value>{}</td></tr>\n",
                    clause.holds ? "good" : "bad", clause.holds ? "holds" : "NO", escape(clause.name),
                    escape(clause.wanted), escape(clause.found)));
  }
  raw("</table>\n");
}

// The anchor on top, the leaf at the bottom: who vouches for whom.
void Html::chain(const std::vector<ChainLink>& links) {
  if (links.empty()) return;
  heading("Who vouches for it");
  raw("<ol class=chain>\n");
  for (auto link = links.rbegin(); link != links.rend(); ++link) {
    const Certificate& one = link->certificate;
    if (link != links.rbegin()) raw("<li class=arrow>&darr; signed</li>\n");
    raw(fmt::format("<li{}><b>{}</b>{}<br>{}<br><span class=note>{} to {}, serial {}</span></li>\n",
                    link->anchor ? " class=anchor" : "", escape(link->role), link->anchor ? " (trusted)" : "",
                    escape(one.subject().text), utc_text(one.not_before()), utc_text(one.not_after()),
                    to_hex(one.serial())));
  }
  raw("</ol>\n");
}

void Html::fields(const Findings& findings) {
  if (findings.fields.empty()) return;
  raw("<details><summary>All fields, in the vendor's words</summary>\n<table>\n");
  for (const Field& field : findings.fields) row(field.name, field.value.empty() ? "-" : field.value);
  raw("</table>\n</details>\n");
}

void Html::all_of(const Findings& findings) {
  claims(findings.claims);
  checks(findings);
  chain(findings.chain);
  fields(findings);
  for (const auto& [name, part] : findings.parts) {
    raw(fmt::format("<h1>{}</h1>\n", escape(name)));
    all_of(part);
  }
}

}  // namespace

std::string report_html(const Verified& verified, const Verdict& verdict) {
  const std::string_view tone = verdict.accepted() ? "good" : verdict.exit_status() == 14 ? "bad" : "warn";
  Html page;
  page.raw(fmt::format(
      "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<meta name=viewport "
      "content=\"width=device-width\">\n<title>{0}: {1}</title>\n<style>{2}\n</style>\n"
      "<header style=\"--tone: var(--{3})\"><h1>{1}</h1>\n<p>{0}{4}, at {5}</p></header>\n",
      escape(verified.kind()), escape(headline(verified, verdict)), kStyle, tone,
      verified.wrapping().empty() ? "" : escape(fmt::format(" ({})", verified.wrapping())), utc_text(verified.time())));
  page.clauses(verdict);
  page.all_of(verified.findings());
  page.raw("</html>\n");
  return page.take();
}

}  // namespace adyton
