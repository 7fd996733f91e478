// SPDX-License-Identifier: Apache-2.0
#include "cli/evidence_files.h"

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "attest/verify/trust_root.h"
#include "base/error.h"
#include "base/utc.h"
#include "cli/files.h"

namespace adyton {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxEvidenceBytes = 16u << 20, kMaxCollateralBytes = 16u << 20, kMaxTrustRootBytes = 1u << 20;
constexpr std::size_t kMaxFiles = 4096;  // of a folder

Result<std::vector<fs::path>> files_in(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> out;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (out.size() == kMaxFiles) return exhausted("{}: more than {} files", folder.string(), kMaxFiles);
    std::error_code ignored;
    if (entry->is_regular_file(ignored)) out.push_back(entry->path());
  }
  if (error) return io_error("{}: {}", folder.string(), error.message());
  std::ranges::sort(out);
  return out;
}

// What lies beside the evidence was chosen by whoever put it there: only what proves itself is taken.
void load_beside(const fs::path& evidence, Collateral& out) {
  Collateral all;
  const auto files = files_in(evidence.has_parent_path() ? evidence.parent_path() : fs::path("."));
  if (!files) return;
  for (const fs::path& path : *files) {
    if (path.filename() == evidence.filename()) continue;
    if (const auto bytes = load_file(path, kMaxCollateralBytes)) {
      static_cast<void>(all.add(path.filename().string(), *bytes));
    }
  }
  out.add_checkable(all);
}

// KIND=FILE, or FILE, which is taken for the one kind of root that has a say in this evidence. What is before a "=" is
// a kind, unless it has what a path has and a kind has not.
Result<std::pair<AnchorUse, std::string>> trust_root_of(const std::string& text, const Evidence& evidence) {
  const std::size_t equals = text.find('=');
  if (equals != text.npos && text.find_first_of("/.") > equals) {
    return std::pair(TRY(parse_anchor_use(std::string_view(text).substr(0, equals))), text.substr(equals + 1));
  }
  const auto use = anchor_use_of(evidence);
  if (use) return std::pair(*use, text);
  return invalid("{}: for evidence of this kind ({}) say what it is trusted for: KIND={}", text, kind_of(evidence),
                 text);
}

}  // namespace

void EvidenceFiles::declare(CLI::App& app) {
  app.add_option("EVIDENCE", evidence, "a file of evidence, of any kind and wrapping; - for standard input")
      ->required();
  app.add_option(
      "--collateral", collateral,
      "certificates, revocation lists, TCB infos, keys: a file, a folder of any mixture, or a bundle (default: "
      "what lies beside the evidence)");
  app.add_option(
         "--trust-root", trust_roots,
         "a key or certificate to trust besides the vendors' (PEM, DER, a JWK set), and for what: KIND=FILE, as "
         "development=dev-root.pem. FILE alone: for the kind of evidence that EVIDENCE is, and no other")
      ->type_name("[KIND=]FILE");
  app.add_option("--trust-issuer", trusted_issuers,
                 "an attestation service whose tokens are believed, with the keys that --fetch gets from it: "
                 "https://NAME.REGION.attest.azure.net")
      ->type_name("URL");
  app.add_option("--at", at, "the time to verify at: 2025-01-31T12:00:00Z (default: now)");
}

Result<void> load_collateral(const std::string& path, Collateral& out) {
  if (!fs::is_directory(path)) return out.add(path, TRY(load_file(path, kMaxCollateralBytes))).within(path);
  for (const fs::path& file : TRY(files_in(path))) {
    if (const auto bytes = load_file(file, kMaxCollateralBytes)) {
      if (!out.add(file.filename().string(), *bytes)) out.add_document(file.filename().string(), *bytes);
    }
  }
  return {};
}

Result<Bundle> load_bundle(const std::vector<std::string>& paths) {
  Bundle out;
  const auto add = [&out](const fs::path& file) -> Result<void> {
    Bytes bytes = TRY(load_file(file, kMaxCollateralBytes));
    if (!out.emplace(file.filename().string(), std::move(bytes)).second) {
      return invalid("{}: two files of this name", file.filename().string());
    }
    return {};
  };
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) {
      TRY(add(path));
      continue;
    }
    for (const fs::path& file : TRY(files_in(path))) TRY(add(file));
  }
  return out;
}

Result<EvidenceCase> load_case(const EvidenceFiles& files, Beside beside) {
  const Bytes bytes = TRY(load_file(files.evidence, kMaxEvidenceBytes));
  const std::int64_t now = files.at.empty() ? std::time(nullptr) : TRY(parse_utc(files.at).within("--at"));
  Evidence evidence = TRY(parse_evidence(bytes).within(files.evidence));
  EvidenceCase out{.evidence = std::move(evidence), .collateral = {}, .anchors = TrustAnchors::vendors(), .now = now};
  for (const std::string& path : files.collateral) TRY(load_collateral(path, out.collateral));
  if (beside == Beside::kTaken && files.collateral.empty() && files.evidence != "-") {
    load_beside(files.evidence, out.collateral);
  }
  for (const std::string& root : files.trust_roots) {
    const auto [use, path] = TRY(trust_root_of(root, out.evidence).within("--trust-root"));
    TRY(add_trust_root(use, path, TRY(load_file(path, kMaxTrustRootBytes)), out.anchors).within("--trust-root"));
  }
  for (const std::string& issuer : files.trusted_issuers) {
    TRY(add_trusted_issuer(issuer, out.anchors).within("--trust-issuer"));
  }
  return out;
}

}  // namespace adyton
