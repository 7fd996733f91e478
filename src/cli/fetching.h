// SPDX-License-Identifier: Apache-2.0
// Asks vendors' services for what a verification missed, as subcommands do when they are told to: with libcurl, trying
// again, and keeping answers in the user's cache folder.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include <adyton/result.h>
#include "attest/collateral/fetch.h"
#include "cli/evidence_files.h"

namespace adyton {

struct FetchOptions {
  std::string pccs;

  CLI::Option* declare(CLI::App& app);
};

// What was fetched is in the case's collateral afterwards, too. Errors: invalid: --pccs is no address. What cannot be
// had is among the problems of what is returned.
Result<Fetched> fetch_missing(EvidenceCase& one, const FetchOptions& options);

// A line on standard error for each.
void print_problems(const Fetched& fetched);

}  // namespace adyton
