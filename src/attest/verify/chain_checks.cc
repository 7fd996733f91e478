// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/chain_checks.h"

#include "base/error.h"
#include "base/utc.h"
#include "crypto/crypto.h"

namespace adyton {
namespace {

using Way = std::vector<const Certificate*>;

std::string described(const Way& way, std::size_t index, const ChainRules& rules) {
  return fmt::format("{} ({})", role_of(rules, index), short_name(way[index]->subject()));
}

// Why way[index] must not sign way[index - 1]. Empty if it may. RFC 5280, 6.1.4 (k) to (n); asked of anchors too, as
// far as they say anything.
std::vector<std::string> issuer_objections(const Way& way, std::size_t index, bool is_anchor) {
  std::vector<std::string> out;
  const Certificate& issuer = *way[index];
  const auto& constraints = issuer.basic_constraints();
  if (constraints ? !constraints->ca : !is_anchor) out.emplace_back("is no certificate authority");
  if (!issuer.may(KeyUsage::kKeyCertSign)) out.emplace_back("has a key that is not for signing certificates");
  if (constraints && constraints->path_length) {
    std::uint64_t below = 0;  // intermediate certificates under it that count (RFC 5280, 4.2.1.9)
    for (std::size_t i = 1; i < index; ++i) below += way[i]->self_issued() ? 0 : 1;
    if (below > *constraints->path_length) {
      out.push_back(fmt::format("allows {} authorities below it, and there are {}", *constraints->path_length, below));
    }
  }
  return out;
}

std::vector<std::string> leaf_objections(const Certificate& leaf) {
  std::vector<std::string> out;
  if (leaf.basic_constraints() && leaf.basic_constraints()->ca) out.emplace_back("is a certificate authority");
  if (!leaf.may(KeyUsage::kDigitalSignature)) out.emplace_back("has a key that is not for signatures");
  return out;
}

std::vector<std::string> objections(const Way& way, std::size_t index, bool is_anchor, const ChainRules& rules) {
  std::vector<std::string> out;
  if (index > 0) out = issuer_objections(way, index, is_anchor);
  if (index == 0 && rules.leaf_signs) out = leaf_objections(*way[0]);
  for (const std::string& oid : way[index]->unknown_critical()) {
    out.push_back(fmt::format("has the critical extension {}, which is not understood", oid));
  }
  return out;
}

bool out_of_time(const Certificate& certificate, std::int64_t now) {
  return now < certificate.not_before() || now > certificate.not_after();
}

bool has_wrong_length(const Way& way, const ChainRules& rules) {
  return !rules.roles.empty() && rules.roles.size() != way.size();
}

void check_validity(const Way& way, const ChainRules& rules, const VerifyContext& context, Findings& findings) {
  bool all = true;
  for (std::size_t i = 0; i < way.size(); ++i) {
    if (!out_of_time(*way[i], context.now)) continue;
    all = false;
    findings.out_of_time(
        rules.what, fmt::format("validity: {} is valid from {} to {}, not at {}", described(way, i, rules),
                                utc_text(way[i]->not_before()), utc_text(way[i]->not_after()), utc_text(context.now)));
  }
  if (all) findings.pass(rules.what, fmt::format("validity: all certificates are valid at {}", utc_text(context.now)));
}

}  // namespace

std::string short_name(const DistinguishedName& name) { return name.common_name().value_or(name.text); }

std::string role_of(const ChainRules& rules, std::size_t index) {
  if (index < rules.roles.size()) return std::string(rules.roles[index]);
  return index == 0 ? "leaf" : fmt::format("issuer {}", index);
}

std::string fingerprint_text(const Certificate& certificate) { return "SHA-256 " + to_hex(sha256(certificate.der())); }

unsigned count_objections(const Way& way, const ChainRules& rules, const VerifyContext& context) {
  std::size_t count = has_wrong_length(way, rules) ? 1 : 0;
  for (std::size_t i = 0; i < way.size(); ++i) {
    count += objections(way, i, i + 1 == way.size(), rules).size() + (out_of_time(*way[i], context.now) ? 1 : 0);
  }
  return static_cast<unsigned>(count);
}

bool check_way(const Way& way, bool complete, const ChainRules& rules, const VerifyContext& context,
               Findings& findings) {
  bool sound = true;
  const auto object = [&](std::string detail) {
    sound = false;
    findings.fail(rules.what, "constraints: " + std::move(detail));
  };
  if (complete && has_wrong_length(way, rules)) {
    object(fmt::format("{} certificates, where {} belong", way.size(), rules.roles.size()));
  }
  for (std::size_t i = 0; i < way.size(); ++i) {
    for (const std::string& objection : objections(way, i, complete && i + 1 == way.size(), rules)) {
      object(fmt::format("{} {}", described(way, i, rules), objection));
    }
  }
  if (sound && complete) findings.pass(rules.what, "constraints: each certificate was made by one that may make it");
  check_validity(way, rules, context, findings);
  for (std::size_t i = 0; i + 1 < way.size(); ++i) check_revocation(way, i, rules, context, findings);
  return sound;
}

}  // namespace adyton
