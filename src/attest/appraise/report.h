// SPDX-License-Identifier: Apache-2.0
// A verdict for people and for programs.
#pragma once

#include <string>

#include "attest/appraise/policy.h"
#include "attest/verify/verified.h"

namespace adyton {

// For a terminal: the verdict first, then identity, freshness, steps, chain. `colours`: ANSI escape sequences.
std::string report_text(const Verified& verified, const Verdict& verdict, bool colours);

// One JSON object (docs/evidence/report.md). Byte strings are hexadecimal, times RFC 3339 in UTC.
std::string report_json(const Verified& verified, const Verdict& verdict);

// One page that needs nothing else: verdict, the chain as a picture, every step, the fields.
std::string report_html(const Verified& verified, const Verdict& verdict);

// In one line: "Genuine and as wanted", "Genuine, but out of date: ...", "Not genuine: ...".
std::string headline(const Verified& verified, const Verdict& verdict);

}  // namespace adyton
