// SPDX-License-Identifier: Apache-2.0
// From a certificate to an anchor: the part of RFC 5280, 6 that evidence needs, with an answer for every link.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "attest/verify/context.h"
#include "attest/verify/findings.h"
#include "crypto/x509.h"

namespace adyton {

// How a chain has to be. Roles are for messages, from the leaf up ("VCEK", "ASK", "ARK").
struct ChainRules {
  AnchorUse use;
  std::string_view what;                // of the checks it makes: "VCEK chain"
  std::vector<std::string_view> roles;  // as many as the chain is long; empty: any length up to 8
  bool needs_lists = false;             // a missing revocation list is `missing`; otherwise it is noted
  bool checks_lists = true;             // lists that are there are used
  bool leaf_signs = false;              // the leaf is no authority, and its key is for signatures
};

// Looks for the way from `leaf` to an anchor of `rules.use` through `pool` (what came with the evidence) and the
// context's collateral, in any order, and checks every link: names, signatures, basic constraints, path lengths, key
// usage, unknown critical extensions, validity at context.now, revocation lists (their own signature, validity, the
// serial). Adds a check for each kind of finding and the links to `findings`: nothing is left out because something
// else failed before. Returns whether every signature up to an anchor holds (whatever the validity): only then is
// leaf's key worth using.
bool verify_chain(const Certificate& leaf, const std::vector<Certificate>& pool, const ChainRules& rules,
                  const VerifyContext& context, Findings& findings);

// What people call whom a certificate is of: the common name; without one, all of the name.
std::string short_name(const DistinguishedName& name);

}  // namespace adyton
