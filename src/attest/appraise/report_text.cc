// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "attest/appraise/report.h"
#include "attest/appraise/report_parts.h"
#include "attest/collateral/fetch.h"
#include "attest/verify/chain.h"
#include "base/error.h"
#include "base/utc.h"

namespace adyton {
namespace {

constexpr std::string_view kBold = "\x1b[1m", kRed = "\x1b[31m", kGreen = "\x1b[32m", kYellow = "\x1b[33m",
                           kFaint = "\x1b[2m", kEnd = "\x1b[0m";
constexpr std::size_t kMarkWidth = 7, kNameWidth = 27, kLeastDetail = 36;

struct Mark {
  std::string_view text, style;
};

Mark mark_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed: return {"ok", kGreen};
    case Outcome::kFailed: return {"FAILED", kRed};
    case Outcome::kMissing: return {"missing", kYellow};
    case Outcome::kOutOfTime: return {"stale", kYellow};
    case Outcome::kNoted: break;
  }
  return {"note", kFaint};
}

// How much of `text` fits into a line: whole words, but for what is longer than a line. Addresses stay whole, so that
// they can be copied.
std::size_t line_end(std::string_view text, std::size_t room) {
  if (text.size() <= room) return text.size();
  const std::size_t space = text.rfind(' ', room);
  if (space != text.npos && space > 0) return space;
  const std::size_t word = std::min(text.find(' '), text.size());
  if (text.substr(0, word).contains("://")) return word;
  while (room > 1 && (static_cast<unsigned char>(text[room]) & 0xc0) == 0x80) --room;  // not within a character
  return std::max<std::size_t>(room, 1);
}

class Page {
 public:
  explicit Page(TextStyle style) : style_(style) {}

  [[nodiscard]] std::string paint(std::string_view style, std::string_view text) const {
    return style_.colours && !style.empty() ? fmt::format("{}{}{}", style, text, kEnd) : std::string(text);
  }
  void heading(std::string_view text) { out_ += "\n" + paint(kBold, text) + "\n"; }
  void line(std::size_t indent, const std::string& text, std::string_view style = {}) {
    out_ += std::string(indent, ' ');
    put(text, indent, style);
  }
  // "  missing  PCK chain    detail", the detail beside the name or, in a narrow window, beneath it.
  void entry(Mark mark, const std::string& name, const std::string& detail) {
    constexpr std::size_t kStart = 2 + kMarkWidth + 1;
    out_ += fmt::format("  {} ", paint(mark.style, fmt::format("{:<{}}", mark.text, kMarkWidth)));
    beside(name, detail, kStart);
  }
  void row(const std::string& name, const std::string& value) {
    out_ += "  ";
    beside(name, value, 2);
  }
  void rows(std::string_view title, const std::vector<Row>& rows) {
    if (rows.empty()) return;
    if (!title.empty()) heading(title);
    for (const Row& one : rows) row(shown(one.name), shown(one.value));
  }

  void problems(const Verified& verified, const Verdict& verdict);
  void clauses(const Verdict& verdict, bool holding);
  void chains(const Findings& findings);
  void checks(const Findings& findings);
  void part(const std::string& name, const Findings& findings);
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  // What follows starts in this column, and goes on there in further lines.
  void put(std::string_view text, std::size_t column, std::string_view style) {
    const std::size_t room =
        style_.width == 0 ? text.size() : std::max<std::size_t>(style_.width, column + kLeastDetail) - column;
    do {
      const std::size_t end = line_end(text, room);
      out_ += paint(style, text.substr(0, end)) + "\n";
      text.remove_prefix(end);
      while (text.starts_with(' ')) text.remove_prefix(1);
      if (!text.empty()) out_ += std::string(column, ' ');
    } while (!text.empty());
  }
  void beside(const std::string& name, const std::string& text, std::size_t start) {
    const std::size_t column = start + std::max(kNameWidth, name.size()) + 1;
    if (text.empty()) {
      out_ += name + "\n";
    } else if (style_.width == 0 || column + kLeastDetail <= style_.width) {
      out_ += fmt::format("{:<{}} ", name, kNameWidth);
      put(text, column, {});
    } else {
      out_ += name + "\n" + std::string(start + 2, ' ');
      put(text, start + 2, {});
    }
  }

  TextStyle style_;
  std::string out_;
};

// All that stands in the way of acceptance, and what to do about it.
void Page::problems(const Verified& verified, const Verdict& verdict) {
  const std::vector<FoundCheck> problems = problems_of(verified.findings());
  const bool denied = std::ranges::any_of(verdict.clauses(), [](const Clause& clause) { return !clause.holds; });
  if (problems.empty() && !denied) return;
  heading(verdict.accepted() ? "What is missing" : "Why");
  for (const FoundCheck& one : problems) {
    entry(mark_of(one.check->outcome), shown(one.part + std::string(one.check->what)), shown(one.check->detail));
  }
  clauses(verdict, false);
  if (verified.findings().claims.hardware_model.ends_with(kEmulatedPlatform)) {
    line(2,
         "The platform is emulated, and no vendor knows of it: who trusts it says --trust-root FILE, and "
         "adyton attest -o FILE writes FILE.collateral beside it",
         kFaint);
  } else if (!missing_urls(verified.findings()).empty()) {
    line(2, "To ask the vendors for it: adyton verify --fetch, or adyton collateral fetch to keep it", kFaint);
  }
}

void Page::clauses(const Verdict& verdict, bool holding) {
  for (const Clause& clause : verdict.clauses()) {
    if (clause.holds != holding) continue;
    if (holding) {
      entry(mark_of(Outcome::kPassed), shown(clause.name), shown(clause.found));
    } else {
      entry({"NO", kRed}, shown(clause.name),
            shown(fmt::format("is {}, where {} is wanted{}", clause.found, clause.wanted,
                              clause.remedy.empty() ? "" : fmt::format(" (to accept it: {})", clause.remedy))));
    }
  }
}

// Who is trusted stands on top, what each vouches for below it.
void Page::chains(const Findings& findings) {
  if (findings.chain.empty()) return;
  heading("Who vouches for it");
  for (const auto links : chains_of(findings.chain)) {
    for (std::size_t i = links.size(); i-- > 0;) {
      const Certificate& one = links[i].certificate;
      const std::size_t indent = 2 * (links.size() - i);
      const std::string role = shown(links[i].role), name = shown(short_name(one.subject()));
      line(indent, fmt::format("{}{}{}", name, role.empty() || role == name ? "" : " - " + role,
                               links[i].anchor ? " - trusted" : ""));
      line(indent + 2, fmt::format("{} to {}", utc_text(one.not_before()), utc_text(one.not_after())), kFaint);
    }
  }
}

void Page::checks(const Findings& findings) {
  for (const Check& check : findings.checks) {
    if (check.outcome == Outcome::kPassed || check.outcome == Outcome::kNoted) {
      entry(mark_of(check.outcome), shown(check.what), shown(check.detail));
    }
  }
}

void Page::part(const std::string& name, const Findings& findings) {
  heading("Part: " + shown(name));
  rows("", identity_rows(findings.claims));
  rows("", register_rows(findings.claims));
  rows("", freshness_rows(findings));
  checks(findings);
  chains(findings);
  for (const auto& [inner, more] : findings.parts) part(name + "/" + inner, more);
}

}  // namespace

std::string report_text(const Verified& verified, const Verdict& verdict, TextStyle style) {
  Page page(style);
  const Findings& findings = verified.findings();
  const std::string_view colour = verdict.accepted() ? kGreen : verdict.exit_status() == 14 ? kRed : kYellow;
  page.line(0, headline(verified, verdict), fmt::format("{}{}", kBold, colour));
  page.line(0, shown(fmt::format("{}{}, checked for {}", verified.kind(),
                                 verified.wrapping().empty() ? "" : fmt::format(" ({})", verified.wrapping()),
                                 utc_text(verified.time()))));
  page.problems(verified, verdict);
  const bool told = verified.answer() == Answer::kNotGenuine || verified.answer() == Answer::kUndecided;
  page.rows(told ? "What it says it is" : "What it is", identity_rows(findings.claims));
  page.rows("What was loaded", register_rows(findings.claims));
  page.rows("How fresh the platform is", freshness_rows(findings));
  if (std::ranges::any_of(verdict.clauses(), &Clause::holds)) {
    page.heading("What is as wanted");
    page.clauses(verdict, true);
  }
  page.chains(findings);
  page.heading("What was checked and holds");
  page.checks(findings);
  for (const auto& [name, part] : findings.parts) page.part(name, part);
  return page.take();
}

}  // namespace adyton
