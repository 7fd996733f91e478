// SPDX-License-Identifier: Apache-2.0
// Getting what a verification missed. There is no network here: who calls brings a Fetcher (the tool's is
// cli/curl_fetcher.h). Nothing that is fetched has to be trusted, as everything that matters is signed, with one
// exception: the keys of an issuer of tokens whom the caller named (TrustAnchors::issuers) are what its address answers
// with. What has to be bounded is where evidence can send us, because evidence and its certificates name addresses too.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <adyton/bytes.h>
#include <adyton/result.h>
#include "attest/collateral/bundle.h"
#include "attest/collateral/collateral.h"
#include "attest/verify/findings.h"

namespace adyton {

struct FetchResponse {
  unsigned status = 0;                                       // HTTP's
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  Bytes body;
};

// One GET. Errors: unavailable, io: nobody answered, which may be tried again; others are final.
using Fetcher = std::function<Result<FetchResponse>(const std::string& url)>;

// Asks again, up to `attempts` times in all, when nobody answered or the service says it is busy (429, 5xx). `sleep` is
// called in between: for 1 s, 2 s, 4 s and so on, or as long as the answer asks, at most a minute. It may be empty.
Fetcher retrying_fetcher(Fetcher inner, unsigned attempts, std::function<void(std::chrono::seconds)> sleep);

struct FetchRules {
  // Where requests may go: exact names; with a dot in front, everything below. https only.
  std::vector<std::string> hosts = vendor_hosts();
  // An address that begins with `first` is had from `second` and what follows, wherever that is: a PCCS, a local copy.
  std::vector<std::pair<std::string, std::string>> mirrors;
  std::size_t max_addresses = 32;  // of one call
  unsigned max_rounds = 4;         // of verify_and_fetch()

  static std::vector<std::string> vendor_hosts();
  // The mirrors that make a PCCS at `base` ("https://localhost:8081") answer for Intel's services.
  static std::vector<std::pair<std::string, std::string>> intel_pccs(std::string_view base);
};

// The https addresses in the details of checks that came out as missing or out of time, of parts too; each once.
std::vector<std::string> missing_urls(const Findings& findings);

struct Fetched {
  Bundle files;                       // by address; an answer's certificate chains, which Intel's have in headers, by
                                      // address#header
  std::vector<std::string> problems;  // "address: why not"
};
Fetched fetch_collateral(const std::vector<std::string>& urls, const Fetcher& fetcher, const FetchRules& rules = {});

// Verifies, fetches what was missed and verifies again, until nothing new can be had. `collateral` grows, by what
// Collateral::add_fetched() knows, and documents; everything that was fetched is in `fetched`.
Findings verify_and_fetch(const std::function<Findings(const Collateral&)>& verify, Collateral& collateral,
                          const Fetcher& fetcher, const FetchRules& rules, Fetched& fetched);

}  // namespace adyton
