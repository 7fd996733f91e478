// SPDX-License-Identifier: Apache-2.0
#include "attest/collateral/fetch_cache.h"

#include <algorithm>
#include <limits>

#include "attest/json.h"
#include "base/cbor.h"
#include "base/error.h"
#include "base/utc.h"
#include "base/utf8.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

constexpr std::string_view kFormat = "adyton-fetched-1";
constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

struct Entry {
  std::string url;
  std::int64_t fetched = 0, expires = kForever;
  FetchResponse response;
};

// 56 characters, which leaves room for an ending within Storage's 64.
std::string name_of(const std::string& url) { return to_hex(BytesView(sha256(as_bytes(url))).first(28)); }

// A map in deterministic CBOR. Headers: names and values in turn.
Bytes encode(const Entry& entry) {
  cbor::MapWriter map;
  map.key("format").text(kFormat);
  map.key("url").text(entry.url);
  map.key("fetched").integer(entry.fetched);
  map.key("expires").integer(entry.expires);
  cbor::Writer& headers = map.key("headers");
  headers.array(2 * entry.response.headers.size());
  for (const auto& [name, value] : entry.response.headers) headers.text(name).text(value);
  map.key("body").bytes(entry.response.body);
  return cbor::Writer().map(map).encoded();
}

Result<void> read_headers(cbor::Reader& reader, FetchResponse& out) {
  std::vector<std::string> texts;
  const auto on_text = [&]() -> Result<void> {
    texts.emplace_back(TRY(reader.read_text()));
    return {};
  };
  TRY(reader.read_array(on_text));
  for (std::size_t i = 0; i + 1 < texts.size(); i += 2) out.headers.emplace_back(texts[i], texts[i + 1]);
  return {};
}

Result<Entry> decode(BytesView bytes) {
  cbor::Reader reader(bytes);
  Entry out;
  out.response.status = 200;
  std::string format;
  const auto on_entry = [&](const cbor::Key& key) -> Result<void> {
    if (key == "format") {
      format = TRY(reader.read_text());
    } else if (key == "url") {
      out.url = TRY(reader.read_text());
    } else if (key == "fetched") {
      out.fetched = TRY(reader.read_integer());
    } else if (key == "expires") {
      out.expires = TRY(reader.read_integer());
    } else if (key == "headers") {
      TRY(read_headers(reader, out.response));
    } else if (key == "body") {
      out.response.body = to_bytes(TRY(reader.read_bytes()));
    } else {
      return invalid("unknown key {}", key.to_string());
    }
    return {};
  };
  TRY(reader.read_map(on_entry));
  TRY(reader.finish());
  if (format != kFormat) return invalid("not an answer that was kept");
  return out;
}

// When what is in the answer says it is to be replaced.
std::int64_t expiry_of(BytesView body) {
  if (const auto list = RevocationList::parse(body)) return list->next_update().value_or(kForever);
  if (!as_text(body).starts_with('{')) return kForever;
  const auto json = parse_json(as_text(body));
  if (!json) return kForever;
  for (const char* name : {"tcbInfo", "enclaveIdentity"}) {
    const nlohmann::json* document = find_member(*json, name);
    const std::string* text = document == nullptr ? nullptr : find_string(*document, "nextUpdate");
    if (text != nullptr) return parse_utc(*text).value_or(0);
  }
  return kForever;
}

std::optional<Entry> load(const Storage& storage, const std::string& url) {
  const auto bytes = storage.read(name_of(url), 0, kStorageCallBytes);
  if (!bytes) return std::nullopt;
  auto entry = decode(*bytes);
  if (!entry || entry->url != url) return std::nullopt;
  return std::move(*entry);
}

Result<void> save(Storage& storage, const Entry& entry, const FetchCacheRules& rules) {
  if (entry.response.body.size() > rules.max_body_bytes) return {};
  const std::string name = name_of(entry.url), fresh = name + ".new";
  if (!storage.size(name) && TRY(storage.list()).size() >= rules.max_entries) return {};
  static_cast<void>(storage.remove(fresh));
  TRY(storage.write(fresh, 0, encode(entry), true));
  return storage.rename(fresh, name);
}

FetchResponse kept_part(const FetchResponse& response) {
  FetchResponse out{response.status, {}, response.body};
  for (const auto& [name, value] : response.headers) {
    if (name.ends_with("-issuer-chain") && is_utf8(name) && is_utf8(value)) out.headers.emplace_back(name, value);
  }
  return out;
}

}  // namespace

Fetcher cached_fetcher(Fetcher inner, Storage& storage, std::function<std::int64_t()> now, FetchCacheRules rules) {
  return [inner = std::move(inner), &storage, now = std::move(now),
          rules](const std::string& url) -> Result<FetchResponse> {
    std::optional<Entry> kept = load(storage, url);
    const std::int64_t time = now();
    if (kept && kept->fetched <= time && time - kept->fetched <= rules.max_age && time <= kept->expires) {
      return std::move(kept->response);
    }
    Result<FetchResponse> answer = inner(url);
    const bool good = answer && answer->status == 200;
    if (good && is_utf8(url)) {
      static_cast<void>(save(storage, {url, time, expiry_of(answer->body), kept_part(*answer)}, rules));
    }
    if (!good && kept) return std::move(kept->response);
    return answer;
  };
}

}  // namespace adyton
