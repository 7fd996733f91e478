// SPDX-License-Identifier: Apache-2.0
// A verdict for people and for programs.
#pragma once

#include <string>

#include "attest/appraise/policy.h"
#include "attest/verify/verified.h"

namespace adyton {

struct TextStyle {
  bool colours = false;  // ANSI escape sequences
  unsigned width = 0;    // of the terminal: where lines are broken; 0: each entry is one line, however long
};

// For a terminal: the verdict first and what stands against the evidence, then identity, freshness, what was wanted,
// who vouches for it, what was checked. Foreign text cannot move the cursor.
std::string report_text(const Verified& verified, const Verdict& verdict, TextStyle style = {});

// One JSON object (docs/evidence/report.md). Byte strings are hexadecimal, times RFC 3339 in UTC.
std::string report_json(const Verified& verified, const Verdict& verdict);

// One page that needs nothing else: verdict, the chain as a picture, every step, the fields.
std::string report_html(const Verified& verified, const Verdict& verdict);

// In one line: "Genuine, and as wanted", "Genuine, but not as wanted: tcb_status is OutOfDate", "Not genuine: quote
// signature", "Cannot tell: 3 things are missing". As it may be shown to people.
std::string headline(const Verified& verified, const Verdict& verdict);

}  // namespace adyton
