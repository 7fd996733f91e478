// SPDX-License-Identifier: Apache-2.0
// Keeps answers of vendors' services, so that a thousand verifications ask once.
#pragma once

#include <cstdint>
#include <functional>

#include <adyton/storage.h>
#include "attest/collateral/fetch.h"

namespace adyton {

struct FetchCacheRules {
  std::int64_t max_age = 24 * 3600;  // seconds
  std::size_t max_entries = 4096;    // when it is full, nothing more is kept
  std::size_t max_body_bytes = 8 << 20;
};

// Asks `inner` when `storage` has no answer, or has one that is older than the rules allow or, being a revocation list,
// a TCB info or an identity, is past its own nextUpdate. If `inner` then has no answer, the old one is given: whether
// it is still valid is the verification's to say; so `inner` should be one that retries. Only answers with status 200
// are kept. Trouble with the storage is as if it were empty. `now`: seconds since 1970. `storage` must outlive what is
// returned, which is as thread-safe as `inner`.
Fetcher cached_fetcher(Fetcher inner, Storage& storage, std::function<std::int64_t()> now, FetchCacheRules rules = {});

}  // namespace adyton
