// SPDX-License-Identifier: Apache-2.0
// Evidence and collateral on disk, as several subcommands take them.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <adyton/result.h>
#include "attest/collateral/bundle.h"
#include "attest/verify/verified.h"

namespace adyton {

struct EvidenceFiles {
  std::string evidence;
  std::vector<std::string> collateral, trust_roots, trusted_issuers;
  std::string at;  // empty: now

  void declare(CLI::App& app);
};

// Evidence and all that it is verified with.
struct EvidenceCase {
  Evidence evidence;
  Collateral collateral;
  TrustAnchors anchors;
  std::int64_t now = 0;

  [[nodiscard]] Verified verify() const { return adyton::verify(evidence, {collateral, anchors, now}); }
};

// Loads and parses. Collateral is what --collateral names; without it, if `beside`, whatever lies in the evidence's
// folder and can be checked by its own signature. Errors: those of files, and of evidence that is malformed.
enum class Beside { kIgnored, kTaken };
Result<EvidenceCase> load_case(const EvidenceFiles& files, Beside beside = Beside::kTaken);

// The files that these paths name, folders' by their names within them. Errors: invalid: a name twice.
Result<Bundle> load_bundle(const std::vector<std::string>& paths);

// A file, or everything in a folder (not below it), into `out`. Files of a folder that are nothing of the sort are
// passed over.
Result<void> load_collateral(const std::string& path, Collateral& out);

}  // namespace adyton
