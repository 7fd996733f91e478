// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/jwt.h"

#include <algorithm>
#include <vector>

#include "attest/verify/chain_checks.h"
#include "base/error.h"
#include "base/utc.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxFields = 512, kMaxPath = 512;

struct Candidate {
  std::string_view name;  // empty: a trust anchor without one
  const VerifyingKey* key;
};

// Those of the right name first: usually one is enough.
std::vector<Candidate> candidates(std::string_view key_id, const TokenSigners& signers, const VerifyContext& context) {
  std::vector<Candidate> out;
  for (const TrustAnchors::Key& anchor : context.anchors.keys) {
    if (anchor.use == signers.use) out.push_back({anchor.name, &anchor.key});
  }
  for (const Collateral::NamedKey& named : context.collateral.keys()) {
    if (!signers.key_set.empty() && named.address == signers.key_set) out.push_back({named.name, &named.key});
  }
  std::ranges::stable_partition(out, [&](const Candidate& each) { return !key_id.empty() && each.name == key_id; });
  return out;
}

// Whether a key that lies in the collateral made it: worth saying, and no more.
bool lies_in_collateral(KeyType type, const VerifyContext& context,
                        const std::function<bool(const VerifyingKey&)>& verifies) {
  std::size_t tried = 0;
  return std::ranges::any_of(context.collateral.keys(), [&](const Collateral::NamedKey& named) {
    return named.key.type() == type && tried++ < kMaxSignerKeys && verifies(named.key);
  });
}

}  // namespace

const VerifyingKey* check_signature_by_given_keys(std::string_view key_id, KeyType type, std::string_view algorithm,
                                                  const TokenSigners& signers, std::string_view wanted,
                                                  const VerifyContext& context, Findings& findings,
                                                  const std::function<bool(const VerifyingKey&)>& verifies) {
  std::size_t tried = 0, of_that_name = 0;
  for (const Candidate& candidate : candidates(key_id, signers, context)) {
    if (candidate.key->type() != type || tried == kMaxSignerKeys) continue;
    ++tried;
    if (!key_id.empty() && candidate.name == key_id) ++of_that_name;
    if (!verifies(*candidate.key)) continue;
    findings.pass(kTokenSignature, fmt::format("{} by {}, whose key has the SHA-256 {}", algorithm,
                                               candidate.name.empty() ? "a trusted key" : candidate.name.substr(0, 128),
                                               to_hex(sha256(candidate.key->spki()))));
    return candidate.key;
  }
  if (of_that_name > 0) {
    findings.fail(kTokenSignature,
                  fmt::format("the {} signature over the token was not made by its key \"{}\"", algorithm, key_id));
  } else if (key_id.empty() && tried > 0) {
    findings.fail(kTokenSignature, fmt::format("the {} signature over the token was made by none of the {} keys that "
                                               "are trusted for {}",
                                               algorithm, tried, name_of(signers.use)));
  } else if (lies_in_collateral(type, context, verifies)) {
    findings.miss(kTokenSignature,
                  fmt::format("a key in the collateral made it, but whose key that is nobody vouched for: {}", wanted));
  } else {
    findings.miss(
        kTokenSignature,
        fmt::format("the key that signed the token{} is not among the {} of type {} that are trusted for {}: {}",
                    key_id.empty() ? std::string() : fmt::format(" (\"{}\")", key_id.substr(0, 128)), tried,
                    name_of(type), name_of(signers.use), wanted));
  }
  return nullptr;
}

const VerifyingKey* check_jwt_signature(const Jwt& jwt, const TokenSigners& signers, std::string_view wanted,
                                        const VerifyContext& context, Findings& findings) {
  return check_signature_by_given_keys(
      jwt.key_id, jwt.algorithm.key_type, jwt.algorithm_name, signers, wanted, context, findings,
      [&](const VerifyingKey& key) {
        return verify_compact_jws(jwt.jws, jwt.algorithm, key, context.seen).has_value();
      });
}

void check_times(const TokenTimes& times, bool needs_expiry, const VerifyContext& context, Findings& findings) {
  const std::int64_t now = context.now;
  bool holds = true;
  const auto out = [&](std::string detail) {
    holds = false;
    findings.out_of_time(kTokenValidity, std::move(detail));
  };
  if (!times.expires && needs_expiry) {
    findings.fail(kTokenValidity, "the token does not say when it expires (exp)");
    holds = false;
  }
  if (times.expires && now >= *times.expires) out("the token expired at " + utc_text(*times.expires));
  if (times.not_before && now < *times.not_before) out("the token is not valid before " + utc_text(*times.not_before));
  if (times.issued && now < *times.issued) out("the token was issued later, at " + utc_text(*times.issued));
  if (!holds) return;
  if (times.expires) {
    findings.pass(kTokenValidity, "until " + utc_text(*times.expires));
  } else {
    findings.note(kTokenValidity, "the token does not expire");
  }
}

void check_jwt_times(const Jwt& jwt, const VerifyContext& context, Findings& findings) {
  const auto read = [&](std::string_view name) {
    const Json* claim = find(jwt.claims.get(), name);
    const auto time = time_of(claim);
    if (claim && !time) findings.fail(kTokenValidity, fmt::format("{} is no time: {}", name, display_of(*claim)));
    return time;
  };
  check_times({read("exp"), read("nbf"), read("iat")}, true, context, findings);
}

void add_json_fields(const Json& object, std::string_view prefix, Findings& findings) {
  for (const auto& [name, value] : object.items()) {
    if (findings.fields.size() >= kMaxFields) return;
    std::string path = prefix.empty() ? name : fmt::format("{}.{}", prefix, name);
    if (path.size() > kMaxPath) continue;
    if (value.is_object() && !value.empty()) {
      add_json_fields(value, path, findings);
    } else {
      findings.fields.push_back({std::move(path), display_of(value)});
    }
  }
}

}  // namespace adyton
