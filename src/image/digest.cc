// SPDX-License-Identifier: Apache-2.0
#include "image/digest.h"

#include "base/cursor.h"
#include "crypto/crypto.h"

namespace adyton {

Digest384 image_digest(const LaunchPlan& plan, BytesView manifest) {
  constexpr std::string_view kDomain{"adyton image 1\0\0", 16};
  Sha384 digest;
  Bytes fixed = to_bytes(kDomain);
  append_le<std::uint64_t>(fixed, plan.entry);
  append_le<std::uint64_t>(fixed, plan.regions.size());
  digest.update(fixed);
  for (const Region& region : plan.regions) {
    fixed.clear();
    append_le<std::uint64_t>(fixed, region.address);
    append_le<std::uint64_t>(fixed, region.size);
    append_le<std::uint64_t>(fixed,
                             (region.readable ? 4u : 0) | (region.writable ? 2u : 0) | (region.executable ? 1u : 0));
    append_le<std::uint64_t>(fixed, region.bytes.size());
    digest.update(fixed);
    digest.update(region.bytes);
  }
  fixed.clear();
  append_le<std::uint64_t>(fixed, manifest.size());
  digest.update(fixed);
  digest.update(manifest);
  return digest.finish();
}

}  // namespace adyton
