// SPDX-License-Identifier: Apache-2.0
// Any bytes as evidence of any kind, all the way to the reports: nothing made up is genuine, and nothing of it reaches
// a terminal or a browser as more than text.
#include <algorithm>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "attest/appraise/report.h"
#include "base/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  static const Collateral nothing;
  const auto evidence = parse_evidence(std::as_bytes(std::span(data, size)));
  if (!evidence) return 0;
  const Verified verified = verify(*evidence, {nothing, TrustAnchors::vendors(), 1'750'000'000});
  const Verdict verdict = appraise(verified, {});
  if (verified.answer() == Answer::kGenuine || verdict.accepted()) std::abort();
  const auto control = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f; };
  for (const std::string& text :
       {report_text(verified, verdict), report_text(verified, verdict, {.colours = false, .width = 40}),
        report_html(verified, verdict), report_json(verified, verdict)}) {
    if (!is_utf8(text) || std::ranges::any_of(text, control)) std::abort();
  }
  if (!nlohmann::json::accept(report_json(verified, verdict))) std::abort();
  return 0;
}
