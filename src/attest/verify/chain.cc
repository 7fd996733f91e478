// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/chain.h"

#include <algorithm>

#include "attest/verify/chain_checks.h"
#include "base/error.h"

namespace adyton {
namespace {

constexpr std::size_t kMaxLinks = 8;
// Many certificates of one name must not make many signatures to be tried in vain, nor many ways to be compared.
constexpr unsigned kMaxTries = 64, kMaxWays = 16;

using Way = std::vector<const Certificate*>;  // from the leaf up

// Whether the identifiers leave open that `issuer`'s key signed `certificate` (RFC 5280, 4.2.1.1 and 4.2.1.2).
bool key_ids_agree(const Certificate& certificate, const Certificate& issuer) {
  const auto wanted = certificate.authority_key_id(), found = issuer.subject_key_id();
  return !wanted || !found || std::ranges::equal(*wanted, *found);
}

// Walks up from the leaf, depth first, over everything that could be an issuer.
class Search {
 public:
  Search(const Certificate& leaf, const std::vector<Certificate>& pool, const ChainRules& rules,
         const VerifyContext& context)
      : rules_(rules), context_(context) {
    for (const TrustAnchors::Anchor& anchor : context.anchors.certificates) {
      if (anchor.use == rules.use) candidates_.push_back(&anchor.certificate);
    }
    for (const Certificate& certificate : pool) candidates_.push_back(&certificate);
    for (const Certificate& certificate : context.collateral.certificates()) candidates_.push_back(&certificate);
    way_.push_back(&leaf);
    climb();
  }

  // The best way to an anchor: the fewest objections. Empty if there is none.
  [[nodiscard]] const Way& best() const { return best_; }
  // How far one comes otherwise, and certificates that have the missing issuer's name but not its key.
  [[nodiscard]] const Way& longest() const { return longest_; }
  [[nodiscard]] bool gave_up() const { return tries_ >= kMaxTries; }

 private:
  void climb() {
    const Certificate& top = *way_.back();
    if (context_.anchors.has(rules_.use, top)) {
      const unsigned objections = count_objections(way_, rules_, context_);
      if (best_.empty() || objections < best_objections_) {
        best_ = way_;
        best_objections_ = objections;
      }
      ++ways_;
      return;
    }
    if (way_.size() > longest_.size()) longest_ = way_;
    if (way_.size() == kMaxLinks) return;
    for (const Certificate* issuer : candidates_) {
      if (ways_ >= kMaxWays || tries_ >= kMaxTries || (!best_.empty() && best_objections_ == 0)) return;
      if (issuer->subject() != top.issuer() || !key_ids_agree(top, *issuer) || on_the_way(*issuer)) continue;
      ++tries_;
      if (!top.verify_signature(issuer->key(), context_.seen)) continue;
      way_.push_back(issuer);
      climb();
      way_.pop_back();
    }
  }

  // Whether its name and key already occur, so that going on would be going round.
  [[nodiscard]] bool on_the_way(const Certificate& certificate) const {
    return std::ranges::any_of(way_, [&](const Certificate* link) {
      return link->subject() == certificate.subject() &&
             std::ranges::equal(link->key().spki(), certificate.key().spki());
    });
  }

  const ChainRules& rules_;
  const VerifyContext& context_;
  std::vector<const Certificate*> candidates_;
  Way way_, best_, longest_;
  unsigned best_objections_ = 0, tries_ = 0, ways_ = 0;
};

// Why there is no way from the top of `way` to an anchor.
void explain_dead_end(const Way& way, const Search& search, const std::vector<Certificate>& pool,
                      const ChainRules& rules, const VerifyContext& context, Findings& findings) {
  const Certificate& top = *way.back();
  const std::string role = role_of(rules, way.size() - 1);
  if (search.gave_up()) {
    return findings.fail(rules.what,
                         fmt::format("signatures: more than {} certificates could be the issuer", kMaxTries));
  }
  if (way.size() == kMaxLinks) {
    return findings.fail(rules.what, fmt::format("signatures: more than {} certificates in a row", kMaxLinks));
  }
  if (top.self_issued()) {
    return findings.fail(rules.what, fmt::format("signatures: the chain ends at {} ({}), which is no trusted root: {}",
                                                 role, short_name(top.subject()), fingerprint_text(top)));
  }
  const auto is_issuer = [&](const Certificate& other) { return other.subject() == top.issuer(); };
  const bool named = std::ranges::any_of(pool, is_issuer) ||
                     std::ranges::any_of(context.collateral.certificates(), is_issuer) ||
                     std::ranges::any_of(context.anchors.certificates, [&](const TrustAnchors::Anchor& anchor) {
                       return anchor.use == rules.use && is_issuer(anchor.certificate);
                     });
  if (named) {
    findings.fail(rules.what, fmt::format("signatures: {} ({}) is not signed by {}", role, short_name(top.subject()),
                                          short_name(top.issuer())));
  } else {
    findings.miss(rules.what, fmt::format("signatures: the certificate of {}, which signed {} ({})",
                                          short_name(top.issuer()), role, short_name(top.subject())));
  }
}

}  // namespace

bool verify_chain(const Certificate& leaf, const std::vector<Certificate>& pool, const ChainRules& rules,
                  const VerifyContext& context, Findings& findings) {
  const Search search(leaf, pool, rules, context);
  const bool complete = !search.best().empty();
  const Way& way = complete ? search.best() : search.longest();
  if (complete) {
    findings.pass(rules.what, fmt::format("signatures: {} certificates up to {} ({})", way.size(),
                                          short_name(way.back()->subject()), fingerprint_text(*way.back())));
  } else {
    explain_dead_end(way, search, pool, rules, context, findings);
  }
  const bool sound = check_way(way, complete, rules, context, findings);
  for (std::size_t i = 0; i < way.size(); ++i) {
    findings.chain.push_back({role_of(rules, i), *way[i], complete && i + 1 == way.size()});
  }
  return complete && sound;
}

}  // namespace adyton
