// SPDX-License-Identifier: Apache-2.0
// HTTP by way of libcurl, for attest/collateral/fetch.h. It is here and not in that room so that a program that only
// verifies links no network.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include <adyton/result.h>
#include "attest/collateral/fetch.h"

namespace adyton {

struct CurlOptions {
  std::chrono::milliseconds timeout{30'000};  // of a whole request
  std::chrono::milliseconds connect_timeout{10'000};
  std::size_t max_body_bytes = 64 << 20;
  std::string authorities;  // a PEM file to check servers with instead of the system's
  bool allow_http = false;  // for mirrors in one's own network
};

// GET, without redirects, cookies or credentials; a proxy is taken from the environment as usual. Servers' certificates
// are checked. What is returned can be copied, and used by several threads, which wait for one another. Errors of it:
// unavailable (nobody answered in time), untrusted (the server's certificate), exhausted (body too long), invalid (no
// address of an allowed kind).
Result<Fetcher> make_curl_fetcher(CurlOptions options = {});

}  // namespace adyton
