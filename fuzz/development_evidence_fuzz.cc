// SPDX-License-Identifier: Apache-2.0
// Any bytes as development evidence: what parses is within its ranges, and does not verify under a key that never
// signed anything.
#include <cstdlib>

#include "attest/development.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adyton;
  static const PrivateKey key = PrivateKey::generate(KeyKind::kP384).value();
  const auto evidence = parse_development_evidence(std::as_bytes(std::span(data, size)));
  if (!evidence) return 0;
  // What is accepted can be made again.
  if (!make_development_evidence(evidence->unverified_claims(), key)) std::abort();
  if (verify_development_evidence(*evidence, key.public_key())) std::abort();
  return 0;
}
