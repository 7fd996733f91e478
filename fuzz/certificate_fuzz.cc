// SPDX-License-Identifier: Apache-2.0
// Reads any bytes as a certificate; what was accepted is made of exactly these bytes, and every question has an answer.
#include <algorithm>

#include "attest/verify/chain.h"
#include "crypto/x509.h"

namespace {

using namespace adyton;

void check(bool holds) {
  if (!holds) __builtin_trap();
}

bool within(BytesView part, BytesView whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input = std::as_bytes(std::span(data, size));
  const Result<Certificate> parsed = Certificate::parse(input);
  if (!parsed) {
    check(parsed.error().code == ErrorCode::kInvalid);
    return 0;
  }
  const Certificate& c = *parsed;
  check(std::ranges::equal(c.der(), input));
  check(within(c.tbs(), c.der()) && within(c.signature(), c.der()) && within(c.serial(), c.der()));
  check(c.serial().size() <= 20);
  check(to_bytes(VerifyingKey::parse_spki(c.key().spki()).value().spki()) == to_bytes(c.key().spki()));
  check(c.self_issued() == (c.subject() == c.issuer()));
  static_cast<void>(c.subject().common_name());
  static_cast<void>(c.verify_signature(c.key()));

  // Whatever it is, no root vouches for it.
  const Collateral collateral;
  Findings findings;
  const VerifyContext context{collateral, TrustAnchors::vendors(), c.not_before()};
  check(!verify_chain(c, {c}, {.use = AnchorUse::kAmd, .what = "chain", .roles = {}}, context, findings));
  check(!findings.checks.empty());
  return 0;
}
