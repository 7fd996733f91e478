// SPDX-License-Identifier: Apache-2.0
// Gives a Collateral any bytes: PEM, DER, JSON, tables and bundles. A bundle that is accepted packs to the same bytes.
#include <algorithm>

#include "attest/collateral/bundle.h"
#include "attest/collateral/collateral.h"

namespace {

using namespace adyton;

void check(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input = std::as_bytes(std::span(data, size));
  Collateral collateral;
  const Result<void> added = collateral.add("input", input);
  check(added || added.error().code == ErrorCode::kInvalid);
  if (const Result<Bundle> bundle = parse_bundle(input)) {
    check(std::ranges::equal(pack_bundle(*bundle).value(), input));
  }
  // The same again: certificates and lists are not taken twice.
  const std::size_t certificates = collateral.certificates().size(), lists = collateral.lists().size();
  static_cast<void>(collateral.add("again", input));
  check(collateral.certificates().size() == certificates && collateral.lists().size() == lists);
  return 0;
}
