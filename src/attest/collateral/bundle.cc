// SPDX-License-Identifier: Apache-2.0
#include "attest/collateral/bundle.h"

#include <algorithm>

#include "base/cbor.h"
#include "base/error.h"
#include "base/utf8.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxNameBytes = 2048;  // URLs with an encrypted platform identifier have 1000

Bytes tag_bytes() { return cbor::Writer().tag(kBundleTag).encoded(); }

bool is_name(std::string_view name) { return !name.empty() && name.size() <= kMaxNameBytes && is_utf8(name); }

}  // namespace

bool looks_like_bundle(BytesView bytes) {
  const Bytes tag = tag_bytes();
  return bytes.size() >= tag.size() && std::ranges::equal(bytes.first(tag.size()), tag);
}

Result<Bytes> pack_bundle(const Bundle& bundle) {
  if (bundle.size() > kMaxBundleEntries) return invalid("a bundle of more than {} files", kMaxBundleEntries);
  cbor::MapWriter map;
  for (const auto& [name, bytes] : bundle) {
    if (!is_name(name)) return invalid("a name in a bundle has 1 to {} bytes of UTF-8", kMaxNameBytes);
    map.key(name).bytes(bytes);
  }
  return cbor::Writer().tag(kBundleTag).map(map).encoded();
}

Result<Bundle> parse_bundle(BytesView bytes) {
  cbor::Reader reader(bytes);
  if (TRY(reader.read_tag()) != kBundleTag) return invalid("not a bundle");
  Bundle out;
  const auto on_entry = [&](const cbor::Key& key) -> Result<void> {
    if (out.size() == kMaxBundleEntries) return invalid("a bundle of more than {} files", kMaxBundleEntries);
    if (!key.text() || !is_name(*key.text())) return invalid("a name in a bundle that is none");
    out.emplace(*key.text(), to_bytes(TRY(reader.read_bytes())));
    return {};
  };
  TRY(reader.read_map(on_entry));
  TRY(reader.finish());
  return out;
}

}  // namespace adyton
