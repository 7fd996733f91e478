// SPDX-License-Identifier: Apache-2.0
#include "cli/fetching.h"

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <thread>

#include "attest/collateral/fetch_cache.h"
#include "attest/verify/token_issuer.h"
#include "base/error.h"
#include "cli/curl_fetcher.h"
#include "platform/directory_storage.h"

namespace adyton {
namespace {

constexpr unsigned kAttempts = 3;

// Null: there is no cache now (another `adyton` has it open, say), which is no reason not to fetch.
std::shared_ptr<Storage> open_cache() {
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  std::filesystem::path folder;
  if (cache != nullptr && *cache == '/') {
    folder = cache;
  } else if (home != nullptr && *home == '/') {
    folder = std::filesystem::path(home) / ".cache";
  } else {
    return nullptr;
  }
  std::error_code ignored;
  std::filesystem::create_directories(folder / "adyton", ignored);
  auto opened = DirectoryStorage::open(folder / "adyton" / "collateral");
  return opened ? *std::move(opened) : nullptr;
}

}  // namespace

CLI::Option* FetchOptions::declare(CLI::App& app) {
  return app.add_option("--pccs", pccs, "a caching service (PCCS) to ask instead of Intel: https://pccs.example:8081");
}

Result<Fetched> fetch_missing(EvidenceCase& one, const FetchOptions& options) {
  FetchRules rules;
  CurlOptions curl;
  if (!options.pccs.empty()) {
    curl.allow_http = options.pccs.starts_with("http://");
    if (!curl.allow_http && !options.pccs.starts_with("https://")) {
      return invalid("--pccs: {} is no address: it begins with https://", options.pccs);
    }
    rules.mirrors = FetchRules::intel_pccs(options.pccs);
  }
  Fetcher fetcher = retrying_fetcher(TRY(make_curl_fetcher(std::move(curl))), kAttempts,
                                     [](std::chrono::seconds wait) { std::this_thread::sleep_for(wait); });
  const std::shared_ptr<Storage> cache = open_cache();
  if (cache != nullptr) {
    // Keys of issuers are believed because their address answers with them: the cache cannot show that it did.
    Fetcher cached = cached_fetcher(fetcher, *cache, [] { return std::int64_t{std::time(nullptr)}; });
    fetcher = [direct = std::move(fetcher), cached = std::move(cached)](const std::string& url) {
      return is_key_set_address(url) ? direct(url) : cached(url);
    };
  }
  Fetched out;
  const auto verify_with = [&one](const Collateral& collateral) {
    return verify(one.evidence, {collateral, one.anchors, one.now}).findings();
  };
  static_cast<void>(verify_and_fetch(verify_with, one.collateral, fetcher, rules, out));
  return out;
}

void print_problems(const Fetched& fetched) {
  for (const std::string& problem : fetched.problems) fmt::print(stderr, "adyton: not fetched: {}\n", problem);
}

}  // namespace adyton
