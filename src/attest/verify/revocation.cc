// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "attest/verify/chain_checks.h"
#include "base/error.h"
#include "base/utc.h"

namespace adyton {
namespace {

bool is_for(const RevocationList& list, const Certificate& issuer) {
  const auto wanted = list.authority_key_id(), found = issuer.subject_key_id();
  return list.issuer() == issuer.subject() && (!wanted || !found || std::ranges::equal(*wanted, *found));
}

bool is_current(const RevocationList& list, std::int64_t now) {
  return list.this_update() <= now && (!list.next_update() || now <= *list.next_update());
}

std::string period(const RevocationList& list) {
  return list.next_update() ? fmt::format("from {} to {}", utc_text(list.this_update()), utc_text(*list.next_update()))
                            : fmt::format("from {} on", utc_text(list.this_update()));
}

}  // namespace

// The newest list that is current decides; if there is none, the newest of all can still say "revoked".
void check_revocation(const std::vector<const Certificate*>& way, std::size_t index, const ChainRules& rules,
                      const VerifyContext& context, Findings& findings) {
  const Certificate &certificate = *way[index], &issuer = *way[index + 1];
  const std::string who = fmt::format("{} ({})", role_of(rules, index), short_name(certificate.subject()));
  std::vector<const RevocationList*> lists;
  if (rules.checks_lists) {
    for (const RevocationList& list : context.collateral.lists()) {
      if (is_for(list, issuer) && list.covers(certificate)) lists.push_back(&list);
    }
  }
  const std::string where = certificate.crl_urls().empty() ? "" : ": " + certificate.crl_urls().front();
  if (lists.empty()) {
    const std::string detail = fmt::format("revocation: no list of {}, which would say if {} was revoked{}",
                                           short_name(issuer.subject()), who, where);
    return rules.needs_lists && rules.checks_lists ? findings.miss(rules.what, detail)
                                                   : findings.note(rules.what, detail);
  }
  std::ranges::sort(lists, [&](const RevocationList* a, const RevocationList* b) {
    const bool a_current = is_current(*a, context.now), b_current = is_current(*b, context.now);
    return a_current != b_current ? a_current : a->this_update() > b->this_update();
  });

  const bool may_sign = issuer.may(KeyUsage::kCrlSign);
  const auto good = std::ranges::find_if(lists, [&](const RevocationList* list) {
    return list->verify_signature(issuer.key(), context.seen).has_value();
  });
  if (!may_sign || good == lists.end()) {
    return findings.fail(rules.what, fmt::format("revocation: the list of {} {}", short_name(issuer.subject()),
                                                 may_sign ? "was not signed by it" : "is by a key that may sign none"));
  }
  const RevocationList& list = **good;
  if (const auto entry = list.find(certificate.serial())) {
    return findings.fail(rules.what, fmt::format("revocation: {} was revoked at {}, reason {}", who,
                                                 utc_text(entry->date), entry->reason.value_or(0)));
  }
  if (!is_current(list, context.now)) {
    return findings.out_of_time(
        rules.what, fmt::format("revocation: the list of {} is valid {}, not at {}{}", short_name(issuer.subject()),
                                period(list), utc_text(context.now), where));
  }
  findings.pass(rules.what, fmt::format("revocation: {} is not in the list of {}", who, short_name(issuer.subject())));
}

}  // namespace adyton
