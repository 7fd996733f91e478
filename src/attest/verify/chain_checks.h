// SPDX-License-Identifier: Apache-2.0
// What is asked of certificates whose signatures hold: constraints, validity, revocation. Only chain.cc includes this.
#pragma once

#include <string>
#include <vector>

#include "attest/verify/chain.h"

namespace adyton {

std::string role_of(const ChainRules& rules, std::size_t index);
std::string fingerprint_text(const Certificate& certificate);  // "SHA-256 0123..."

// Adds what there is to say about `way`, from the leaf up, each signed by the next; if `complete`, the last is an
// anchor. Returns whether each link was allowed to sign the one below it.
bool check_way(const std::vector<const Certificate*>& way, bool complete, const ChainRules& rules,
               const VerifyContext& context, Findings& findings);

// How many checks of check_way() would not pass, without revocation lists: which of several ways is the best.
unsigned count_objections(const std::vector<const Certificate*>& way, const ChainRules& rules,
                          const VerifyContext& context);

// Adds one check about the revocation of way[index] by its issuer, way[index + 1].
void check_revocation(const std::vector<const Certificate*>& way, std::size_t index, const ChainRules& rules,
                      const VerifyContext& context, Findings& findings);

}  // namespace adyton
