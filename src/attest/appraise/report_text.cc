// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "attest/appraise/report.h"
#include "base/error.h"
#include "base/utc.h"

namespace adyton {
namespace {

constexpr std::string_view kBold = "\x1b[1m", kRed = "\x1b[31m", kGreen = "\x1b[32m", kYellow = "\x1b[33m",
                           kFaint = "\x1b[2m", kEnd = "\x1b[0m";

// Text of unknown origin must not move the cursor, or more.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return out;
}

class Page {
 public:
  explicit Page(bool colours) : colours_(colours) {}

  [[nodiscard]] std::string paint(std::string_view style, std::string_view text) const {
    return colours_ ? fmt::format("{}{}{}", style, text, kEnd) : std::string(text);
  }
  void line(const std::string& text) { out_ += text + "\n"; }
  void heading(std::string_view text) { out_ += "\n" + paint(kBold, text) + "\n"; }
  void row(std::string_view name, std::string_view value) {
    if (!value.empty()) out_ += fmt::format("  {:<16} {}\n", name, plain(value));
  }
  void row(std::string_view name, const Bytes& bytes) { row(name, to_hex(bytes)); }

  void identity(const Claims& claims);
  void checks(const Findings& findings);
  void chain(const std::vector<ChainLink>& links);
  void clauses(const Verdict& verdict);
  void part(const std::string& name, const Findings& findings);
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  bool colours_;
  std::string out_;
};

void Page::identity(const Claims& claims) {
  row("platform", claims.platform);
  row("model", claims.hardware_model);
  row("measurement", claims.measurement);
  row("signer", claims.signer);
  if (claims.product) row("product", std::to_string(*claims.product));
  if (claims.svn) row("svn", std::to_string(*claims.svn));
  if (claims.debug) row("debug", *claims.debug ? "YES: its memory can be read" : "no");
  row("report data", claims.report_data);
  row("host data", claims.host_data);
  for (const Claims::Register& one : claims.boot_chain) row(one.name, one.value);
}

void Page::checks(const Findings& findings) {
  for (const Check& check : findings.checks) {
    const auto [mark, style] = [&]() -> std::pair<std::string_view, std::string_view> {
      switch (check.outcome) {
        case Outcome::kPassed: return {"ok", kGreen};
        case Outcome::kFailed: return {"FAILED", kRed};
        case Outcome::kMissing: return {"missing", kYellow};
        case Outcome::kOutOfTime: return {"stale", kYellow};
        case Outcome::kNoted: break;
      }
      return {"note", kFaint};
    }();
    out_ += fmt::format("  {} {:<26} {}\n", paint(style, fmt::format("{:<7}", mark)), check.what, plain(check.detail));
  }
}

void Page::chain(const std::vector<ChainLink>& links) {
  for (const ChainLink& link : links) {
    const Certificate& one = link.certificate;
    out_ += fmt::format("  {:<16} {}\n  {:<16} {}\n", plain(link.role), plain(one.subject().text), "",
                        paint(kFaint, fmt::format("{} to {}{}", utc_text(one.not_before()), utc_text(one.not_after()),
                                                  link.anchor ? ", trusted" : "")));
  }
}

void Page::clauses(const Verdict& verdict) {
  for (const Clause& clause : verdict.clauses()) {
    out_ += fmt::format("  {} {:<16} {}\n", paint(clause.holds ? kGreen : kRed, clause.holds ? "ok     " : "NO     "),
                        plain(clause.name), plain(clause.found));
    if (clause.holds) continue;
    out_ += fmt::format("          {:<16} {} was wanted{}\n", "", plain(clause.wanted),
                        clause.remedy.empty() ? "" : "; to accept it: " + clause.remedy);
  }
}

void Page::part(const std::string& name, const Findings& findings) {
  heading(plain(name));
  identity(findings.claims);
  checks(findings);
  chain(findings.chain);
  for (const auto& [inner, more] : findings.parts) part(name + "/" + inner, more);
}

}  // namespace

std::string report_text(const Verified& verified, const Verdict& verdict, bool colours) {
  Page page(colours);
  const Findings& findings = verified.findings();
  const std::string_view style = verdict.accepted() ? kGreen : verdict.exit_status() == 14 ? kRed : kYellow;
  page.line(page.paint(std::string(kBold) + std::string(style), plain(headline(verified, verdict))));
  page.line(plain(fmt::format("{}{}, at {}", verified.kind(),
                              verified.wrapping().empty() ? "" : fmt::format(" ({})", verified.wrapping()),
                              utc_text(verified.time()))));
  page.heading("What it is");
  page.identity(findings.claims);
  if (findings.claims.tcb_status != TcbStatus::kNone) {
    page.heading("How fresh it is");
    page.row("TCB status", name_of(findings.claims.tcb_status));
    std::string advisories;
    for (const std::string& one : findings.claims.advisories) advisories += (advisories.empty() ? "" : " ") + one;
    page.row("advisories", advisories);
  }
  page.heading("What was checked");
  page.checks(findings);
  if (!verdict.clauses().empty()) {
    page.heading("What was wanted");
    page.clauses(verdict);
  }
  if (!findings.chain.empty()) {
    page.heading("Who vouches for it");
    page.chain(findings.chain);
  }
  for (const auto& [name, part] : findings.parts) page.part(name, part);
  return page.take();
}

}  // namespace adyton
